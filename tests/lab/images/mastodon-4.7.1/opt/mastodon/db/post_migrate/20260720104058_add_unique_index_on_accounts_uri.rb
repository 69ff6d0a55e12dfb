# Stand-in of a migration, see contract.md.
class AddUniqueIndexOnAccountsUri < ActiveRecord::Migration[8.0]
  def up
    execute <<~SQL
      CREATE UNIQUE INDEX index_accounts_on_uri ON accounts (uri);
    SQL
  end
end
