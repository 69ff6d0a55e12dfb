# Stand-in of a migration, see contract.md.
class MigrateDeviseTwoFactorSecrets < ActiveRecord::Migration[8.0]
  def up
  end
end
