# Stand-in of a migration, see contract.md.
class CreateAccounts < ActiveRecord::Migration[8.0]
  def up
  end
end
