/* A domain is for ever: other servers know its keys. The same holds for the application, because no
 * other one could go on with them. */
#include "check/families.h"

#include "base/text.h"

CHECK_FAMILY(identity)
{
	const struct settings *settings = inputs->settings;
	const struct lock *lock = inputs->lock;

	(void)node;
	if (lock == NULL) {
		/* Without a lineage two nodes of one domain could not be told from each other. */
		diag_error(
			findings, "identity.lock", (struct span){ 0 },
			"bring it back, from a backup or with 'stead adopt' into another folder; "
			"for a new node 'stead init' makes it in a new folder",
			"there is no stead.lock, which says which node this is");
		return;
	}
	if (lock->domain != NULL && !str_equal(lock->domain, settings->domain.v))
		diag_error(
			findings, "identity.domain", settings->domain.at,
			"another domain is another node: begin in a new folder with 'stead init'",
			"this node was made for '%s', its domain can never change", lock->domain);
	if (lock->app != NULL && !str_equal(lock->app, settings->app.v))
		diag_error(findings, "identity.app", settings->app.at,
		           "another application needs another domain: begin in a new folder with "
		           "'stead init'",
		           "this node was made with '%s', its application can never change",
		           lock->app);
}
