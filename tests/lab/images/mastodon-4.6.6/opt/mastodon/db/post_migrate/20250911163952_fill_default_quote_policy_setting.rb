# Stand-in of a migration, see contract.md.
class FillDefaultQuotePolicySetting < ActiveRecord::Migration[8.0]
  def up
  end
end
