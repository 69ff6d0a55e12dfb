# Stand-in of a migration, see contract.md.
class AddUniqueIndexThatCannotBe < ActiveRecord::Migration[8.0]
  def up
    execute <<~SQL
      ALTER TABLE user_roles ADD COLUMN collection_limit integer;
      CREATE UNIQUE INDEX index_user_roles_on_highlighted ON user_roles (highlighted);
    SQL
  end
end
