/* The definition to begin with. It is whole: `stead app check` finds nothing wrong with it. */
#include "cmd/apps.h"

#include "base/arena.h"
#include "base/text.h"

static const char skeleton[] =
	"# What @NAME@ needs, for stead. 'stead app check' says what is wrong; all keys are in\n"
	"# 'man 5 stead-app.yaml', and docs/app-format.md in stead's sources explains them.\n"
	"format: 1\n"
	"name: @NAME@                 # as in stead.yaml, and the name of this folder\n"
	"title: @NAME@                # for people\n"
	"summary: what it is, in one sentence\n"
	"# website: https://example.org/\n"
	"# version: \"1.0\"             # the version this was written for and tried with\n"
	"\n"
	"# What can never change once others know the node.\n"
	"identity: [domain, web]\n"
	"\n"
	"# Its own settings, which users write in stead.yaml under '@NAME@:'; here ${own.title}.\n"
	"settings:\n"
	"  title:\n"
	"    type: text\n"
	"    default: ${settings.web}\n"
	"    doc: name of the server, shown on its pages\n"
	"\n"
	"# Made by 'stead init' and kept in stead.secrets.yaml; here ${secret.session_key}.\n"
	"secrets:\n"
	"  session_key: {kind: hex, size: 32, permanent: true, doc: signs the cookies}\n"
	"\n"
	"# Directories that outlive a container. precious: backed up; rebuildable; cache.\n"
	"volumes:\n"
	"  data: {class: precious, user: \"10001:10001\"}\n"
	"\n"
	"# One container each. Their names are host names for each other.\n"
	"processes:\n"
	"  web:\n"
	"    image: registry.example.org/@NAME@:1.0\n"
	"    # command: [program, argument]      # else the image's own\n"
	"    user: \"10001:10001\"               # numbers, never root\n"
	"    env:\n"
	"      SITE: https://${settings.web}/\n"
	"      TITLE: ${own.title}\n"
	"      SESSION_KEY: ${secret.session_key}\n"
	"    volumes:\n"
	"      - {volume: data, path: /data}\n"
	"    tmpfs: [/tmp]\n"
	"    networks: [ext]           # int: no way out; ext: reaches other servers\n"
	"    port: 8080\n"
	"    health: {http: /, start: 60s}\n"
	"    # after: [database]\n"
	"    # memory: 512m\n"
	"\n"
	"# Which process answers what; the longest path wins.\n"
	"routes:\n"
	"  - {path: /, process: web, max_body: 100m}\n"
	"\n"
	"# The application's own tools: 'stead app admin ...' on the node.\n"
	"commands:\n"
	"  admin: {process: web, run: [/bin/admin], doc: \"ARGS: the administration tool\"}\n"
	"\n"
	"# What runs once, before the first start. Power may go at any instant: a step must not "
	"mind\n"
	"# being run again, or say by 'done' how one sees that it is.\n"
	"jobs:\n"
	"  setup:\n"
	"    phase: setup\n"
	"    process: web\n"
	"    steps:\n"
	"      - id: init\n"
	"        run: [/bin/init, /data]\n"
	"        done: {file: /data/initialized}\n"
	"        deadline: 5m\n";

char *apps_skeleton(struct arena *arena, const char *name)
{
	struct text text;

	text_init(&text, arena);
	for (const char *s = skeleton; *s != '\0';) {
		if (str_starts(s, "@NAME@")) {
			text_add(&text, name);
			s += 6;
		} else {
			text_addc(&text, *s++);
		}
	}
	return text.data;
}
