#include "check/families.h"

const struct check_family check_families[] = {
	{ "identity", "what can never change is as the lock recorded it", check_identity },
	{ "names", "the owner, the domain and the machine have names that work", check_names },
	{ "disk", "the data's disk is one that is found again", check_disk },
	{ "ports", "every port of the machine has one taker", check_ports },
	{ "isolation", "data has no way out, and what is published can be reached",
	  check_isolation },
	{ "order", "nothing waits for something that waits for it", check_order },
	{ "secrets", "every secret is there, and stands only where nobody can read it",
	  check_secrets },
	{ "volumes", "every volume is used, by processes that may and that do not disturb it",
	  check_volumes },
	{ "writers", "one writer for each place inside a container", check_writers },
	{ "images", "images are named so that they stay the same", check_images },
	{ "memory", "all that may run at once fits into the machine", check_memory },
	{ "database", "the database takes as many connections as may be open", check_database },
	{ "schedule", "no job begins when the machine may restart", check_schedule },
	{ "machine", "the machine's system can do what the settings want", check_machine },
	{ "provider", "the provider is one that is known, and the machine fits it",
	  check_provider },
	{ "notes", "what the application's definition wants every user to know", check_notes },
	{ "ignition", "the first boot can run twice without touching data", check_ignition },
	{ 0 },
};

bool check_node(const struct node *node, const struct node_inputs *inputs,
                struct findings *findings)
{
	size_t errors = findings->errors;

	for (const struct check_family *family = check_families; family->name != NULL; family++)
		family->run(node, inputs, findings);
	return findings->errors == errors;
}
