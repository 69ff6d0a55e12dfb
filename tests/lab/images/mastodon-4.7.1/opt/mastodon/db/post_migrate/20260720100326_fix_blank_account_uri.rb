# Stand-in of a migration, see contract.md.
class FixBlankAccountUri < ActiveRecord::Migration[8.0]
  def up
    execute <<~SQL
      UPDATE accounts SET uri = NULL WHERE uri = '';
    SQL
  end
end
