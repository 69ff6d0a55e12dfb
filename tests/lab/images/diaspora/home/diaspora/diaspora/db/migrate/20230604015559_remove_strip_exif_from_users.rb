# Stand-in of a migration, see contract.md.
class RemoveStripExifFromUsers < ActiveRecord::Migration[6.1]
  def up
  end
end
