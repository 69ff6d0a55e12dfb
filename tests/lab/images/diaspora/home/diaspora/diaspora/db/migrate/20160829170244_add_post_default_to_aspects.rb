# Stand-in of a migration, see contract.md.
class AddPostDefaultToAspects < ActiveRecord::Migration[4.2]
  def up
    execute <<~SQL
      ALTER TABLE aspects ADD post_default boolean DEFAULT true
    SQL
  end
end
