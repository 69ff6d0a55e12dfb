#include "agent/answer.h"

#include "base/arena.h"
#include "plan/json.h"

int answer_error(struct agent *agent, const char *hint)
{
	cleanup_arena struct arena *scratch = arena_new();
	cleanup_json json_t *root =
		json_pack("{s:i,s:s,s:s?}", "v", 1, "error", agent->why, "hint", hint);

	if (root == NULL) /* a text that is not UTF-8 */
		root = json_pack("{s:i,s:s,s:s?}", "v", 1, "error",
		                 "failed; the journal of the node says why", "hint", hint);
	(void)printf("%s\n", json_text(scratch, root, JSON_COMPACT));
	agent_log("%s", agent->why);
	return AGENT_FAILED;
}
