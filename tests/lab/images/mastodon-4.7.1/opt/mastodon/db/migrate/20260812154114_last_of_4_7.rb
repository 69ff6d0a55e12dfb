# Stand-in of a migration, see contract.md.
class LastOf47 < ActiveRecord::Migration[8.0]
  def up
    execute <<~SQL
      ALTER TABLE accounts ADD COLUMN requested_deletion_at timestamp;
    SQL
  end
end
