# Stand-in of a migration, see contract.md.
class ChangeUriOnAccounts < ActiveRecord::Migration[8.0]
  def up
    execute <<~SQL
      ALTER TABLE accounts ALTER COLUMN uri DROP NOT NULL, ALTER COLUMN uri SET DEFAULT NULL;
    SQL
  end
end
