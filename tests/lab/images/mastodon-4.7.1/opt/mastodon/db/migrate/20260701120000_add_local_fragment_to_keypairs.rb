# Stand-in of a migration, see contract.md.
class AddLocalFragmentToKeypairs < ActiveRecord::Migration[8.0]
  def up
    execute <<~SQL
      ALTER TABLE keypairs ADD COLUMN local_fragment character varying;
      CREATE UNIQUE INDEX index_keypairs_on_account_id_and_local_fragment ON keypairs (account_id, local_fragment);
    SQL
  end
end
