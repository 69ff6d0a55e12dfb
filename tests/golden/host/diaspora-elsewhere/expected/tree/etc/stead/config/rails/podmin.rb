name, email = ARGV
password = SecureRandom.alphanumeric(24)
user = User.find_by(username: name)
if user
  user.password = user.password_confirmation = password
else
  user = User.build(username: name, email: email, password: password, password_confirmation: password)
end
user.save!
user.seed_aspects if user.aspects.empty?
Role.add_admin(user.person)
puts "New password: #{password}"
