# Stand-in of a migration, see contract.md.
class MigrateLocalAccountKeypairs < ActiveRecord::Migration[8.0]
  def up
  end
end
