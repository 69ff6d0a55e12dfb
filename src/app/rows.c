/*
 * The keys of app.yaml. docs/app-format.md is the text for authors; a test holds the two together.
 */
#include "app/app.h"

/* The last arguments: the sentence, then what else the row has. */
#define ROW(key_, type_, struct_, field_, ...)                                                     \
	{                                                                                          \
		.key = (key_), .type = (type_), .offset = offsetof(struct struct_, field_),        \
		.since = "0.1", .doc = __VA_ARGS__                                                 \
	}
#define END                                                                                        \
	{                                                                                          \
		.key = NULL                                                                        \
	}

static const char *const words_setting[] = { "text", "word",     "int",     "bool",
	                                     "size", "duration", "domain",  "email",
	                                     "list", "pairs",    "options", NULL };
static const char *const words_secret[] = { "hex",   "base64",   "urlsafe",  "alnum",
	                                    "asked", "optional", "captured", "uuid",
	                                    "rsa",   "vapid",    NULL };
static const char *const words_class[] = { "precious", "rebuildable", "cache", NULL };
static const char *const words_group[] = { "data", "app", "tool", NULL };
static const char *const words_signal[] = { "SIGTERM", "SIGINT",  "SIGQUIT",  "SIGHUP",
	                                    "SIGUSR1", "SIGUSR2", "SIGWINCH", NULL };
static const char *const words_phase[] = { "setup", "post-start", "migrate", "upgrade",
	                                   "clean", "backup",     "restore", NULL };
static const char *const words_host[] = { "web", "domain", NULL };
static const char *const words_syntax[] = { "env",  "env-js", "toml", "yaml",
	                                    "json", "ini",    "text", NULL };

static const struct schema_row owner_rows[] = {
	ROW("pattern", SCHEMA_TEXT, app_owner, pattern,
	    "POSIX extended regular expression that the owner's name must match wholly"),
	ROW("reserved", SCHEMA_LIST, app_owner, reserved, "names the application keeps for itself",
	    .item = SCHEMA_TEXT),
	ROW("login", SCHEMA_ENV_NAME, app_owner, login,
	    "the secret that holds the owner's password"),
	END,
};

static const struct schema_row setting_rows[] = {
	ROW("type", SCHEMA_WORD, app_setting, type, "what a value must be", .flags = SCHEMA_NEEDED,
	    .words = words_setting),
	ROW("words", SCHEMA_LIST, app_setting, words, "for type word: the words allowed",
	    .item = SCHEMA_TEXT),
	ROW("options", SCHEMA_PAIRS, app_setting, options,
	    "for type options: the keys allowed, each with its type, or its words like 'a|b'",
	    .item = SCHEMA_TEXT),
	ROW("default", SCHEMA_TEXT, app_setting, fallback,
	    "the value when the user writes none, as it would be written"),
	ROW("doc", SCHEMA_TEXT, app_setting, doc, "one sentence for the user",
	    .flags = SCHEMA_NEEDED),
	ROW("min", SCHEMA_INT, app_setting, min, "for type int: the least value"),
	ROW("max", SCHEMA_INT, app_setting, max, "for type int: the greatest value"),
	END,
};

static const struct schema_row secret_rows[] = {
	ROW("kind", SCHEMA_WORD, app_secret, kind,
	    "how it comes to be: generated, asked for, or captured from a job's output",
	    .flags = SCHEMA_NEEDED, .words = words_secret),
	ROW("size", SCHEMA_INT, app_secret, size,
	    "random bytes (hex, base64, urlsafe) or characters (alnum)", .fallback = "32", .min = 8,
	    .max = 1024),
	ROW("permanent", SCHEMA_BOOL, app_secret, permanent,
	    "the node's data cannot be read without it, so it never changes", .fallback = "false"),
	ROW("doc", SCHEMA_TEXT, app_secret, doc, "one sentence for the user"),
	END,
};

static const struct schema_row volume_rows[] = {
	ROW("class", SCHEMA_WORD, app_volume, class,
	    "precious: backed up; rebuildable: can be made again; cache: may vanish",
	    .flags = SCHEMA_NEEDED, .words = words_class),
	ROW("user", SCHEMA_TEXT, app_volume, user, "owner of the directory as UID:GID",
	    .flags = SCHEMA_NEEDED),
	ROW("mode", SCHEMA_MODE, app_volume, mode, "mode of the directory", .fallback = "0700"),
	ROW("hard_links", SCHEMA_BOOL, app_volume, hard_links,
	    "the files are linked to each other, so copies must keep the links",
	    .fallback = "false"),
	END,
};

static const struct schema_row mount_rows[] = {
	ROW("volume", SCHEMA_NAME, app_mount, volume, "name of a volume", .flags = SCHEMA_NEEDED),
	ROW("path", SCHEMA_PATH, app_mount, path, "where it appears inside the container",
	    .flags = SCHEMA_NEEDED),
	ROW("read_only", SCHEMA_BOOL, app_mount, read_only, "the process only reads it",
	    .fallback = "false"),
	END,
};

static const struct schema_row health_rows[] = {
	ROW("http", SCHEMA_TEXT, app_health, http,
	    "a path that answers with the status below when the process works"),
	ROW("status", SCHEMA_INT, app_health, status, "the answer that means healthy",
	    .fallback = "200", .min = 100, .max = 599),
	ROW("tcp", SCHEMA_BOOL, app_health, tcp, "it is enough that the port accepts connections",
	    .fallback = "false"),
	ROW("exec", SCHEMA_LIST, app_health, exec,
	    "a command inside the container that ends with 0 when the process works",
	    .item = SCHEMA_TEXT),
	ROW("port", SCHEMA_PORT, app_health, port, "when it is not the process's own port"),
	ROW("start", SCHEMA_DURATION, app_health, start_s, "how long a start may take",
	    .fallback = "60s", .min = 1, .max = 86400),
	END,
};

static const struct schema_row process_rows[] = {
	ROW("image", SCHEMA_TEXT, app_process, image,
	    "the container image; without one the user must name it under images"),
	ROW("entrypoint", SCHEMA_BOOL, app_process, entrypoint,
	    "whether the image's own entry point stands before the command, and before what jobs "
	    "and commands run",
	    .fallback = "true"),
	ROW("image_doc", SCHEMA_TEXT, app_process, image_doc,
	    "for when the user must name it: which images there are"),
	ROW("command", SCHEMA_LIST, app_process, command,
	    "program and arguments; without it the image's own", .item = SCHEMA_TEXT),
	ROW("user", SCHEMA_TEXT, app_process, user, "who it runs as, as UID:GID, never root",
	    .flags = SCHEMA_NEEDED),
	ROW("env", SCHEMA_PAIRS, app_process, env, "environment variables", .item = SCHEMA_TEXT),
	ROW("volumes", SCHEMA_MAPS, app_process, volumes, "volumes that it sees",
	    .rows = mount_rows, .size = sizeof(struct app_mount)),
	ROW("tmpfs", SCHEMA_LIST, app_process, tmpfs,
	    "directories that it may write to and that are empty at every start",
	    .item = SCHEMA_PATH),
	ROW("networks", SCHEMA_LIST, app_process, networks,
	    "int: no way out; ext: reaches other servers", .item = SCHEMA_TEXT),
	ROW("port", SCHEMA_PORT, app_process, port,
	    "the port it listens on inside; reached from outside by routes only"),
	ROW("health", SCHEMA_MAP, app_process, health, "how one sees that it works",
	    .rows = health_rows),
	ROW("group", SCHEMA_WORD, app_process, group,
	    "data processes start before set-up, app processes after it, tools never: jobs and "
	    "commands run in containers made like them",
	    .fallback = "app", .words = words_group),
	ROW("after", SCHEMA_LIST, app_process, after, "processes that must be healthy before",
	    .item = SCHEMA_NAME),
	ROW("stop_signal", SCHEMA_WORD, app_process, stop_signal, "the signal that asks it to end",
	    .fallback = "SIGTERM", .words = words_signal),
	ROW("stop", SCHEMA_DURATION, app_process, stop_s, "how long it may take to end",
	    .fallback = "30s", .min = 1, .max = 3600),
	ROW("memory", SCHEMA_TEXT, app_process, memory,
	    "the most memory it may use, as a size or a reference to one"),
	ROW("capabilities", SCHEMA_LIST, app_process, capabilities,
	    "capabilities that it keeps; all others are dropped", .item = SCHEMA_TEXT),
	ROW("writable_root", SCHEMA_BOOL, app_process, writable_root,
	    "the image writes outside its volumes", .fallback = "false"),
	ROW("db_connections", SCHEMA_LIST, app_process, db_connections,
	    "numbers whose product is the most database connections it holds", .item = SCHEMA_TEXT),
	ROW("db_limit", SCHEMA_TEXT, app_process, db_limit,
	    "for a database: the most connections it takes"),
	ROW("when", SCHEMA_LIST, app_process, when,
	    "comparisons that must all hold for the process to exist", .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row done_rows[] = {
	ROW("file", SCHEMA_PATH, app_done, file,
	    "done when this file exists, as a path inside the container"),
	ROW("exec", SCHEMA_LIST, app_done, exec, "done when this command ends with 0",
	    .item = SCHEMA_TEXT),
	ROW("process", SCHEMA_NAME, app_done, process,
	    "in whose container exec runs, when not in the job's: a database's client, say"),
	ROW("stdin_from", SCHEMA_LIST, app_done, stdin_from,
	    "a program in the job's container whose output exec reads", .item = SCHEMA_TEXT),
	ROW("expect", SCHEMA_TEXT, app_done, expect,
	    "what exec must print, blanks around it aside"),
	ROW("http", SCHEMA_TEXT, app_done, http, "done when this path of the process answers 200"),
	END,
};

static const struct schema_row capture_rows[] = {
	ROW("pattern", SCHEMA_TEXT, app_capture, pattern,
	    "POSIX extended regular expression; what its one group matches is the value",
	    .flags = SCHEMA_NEEDED),
	ROW("secret", SCHEMA_ENV_NAME, app_capture, secret, "a secret of kind captured",
	    .flags = SCHEMA_NEEDED),
	END,
};

static const struct schema_row step_rows[] = {
	ROW("id", SCHEMA_NAME, app_step, id, "name of the step, for the journal",
	    .flags = SCHEMA_NEEDED),
	ROW("run", SCHEMA_LIST, app_step, run, "program and arguments", .item = SCHEMA_TEXT),
	ROW("guard", SCHEMA_TEXT, app_step, guard,
	    "instead of run: why the node does not start as long as the done test does not hold"),
	ROW("stdin", SCHEMA_TEXT, app_step, stdin_text, "what the program reads; no secrets"),
	ROW("merge", SCHEMA_TREE, app_step, merge,
	    "instead of run: values that go into a file of the application"),
	ROW("done", SCHEMA_MAP, app_step, done,
	    "how one sees that the step is done, when the journal does not know",
	    .rows = done_rows),
	ROW("repair", SCHEMA_LIST, app_step, repair,
	    "what runs instead when the step is done but its capture is lost", .item = SCHEMA_TEXT),
	ROW("capture", SCHEMA_MAP, app_step, capture, "what the output holds that must be kept",
	    .rows = capture_rows),
	ROW("exit", SCHEMA_PAIRS, app_step, exit,
	    "what an exit code other than 0 means: ok, retry or fail", .item = SCHEMA_TEXT),
	ROW("restart", SCHEMA_LIST, app_step, restart,
	    "processes that restart once the step has run: they keep what it changed in memory",
	    .item = SCHEMA_NAME),
	ROW("deadline", SCHEMA_DURATION, app_step, deadline_s, "how long the step may take",
	    .fallback = "5m", .min = 1, .max = 7 * 86400),
	END,
};

static const struct schema_row job_rows[] = {
	ROW("phase", SCHEMA_WORD, app_job, phase, "when the job runs", .flags = SCHEMA_NEEDED,
	    .words = words_phase),
	ROW("process", SCHEMA_NAME, app_job, process,
	    "whose image, user, volumes, variables and networks it runs with",
	    .flags = SCHEMA_NEEDED),
	ROW("steps", SCHEMA_MAPS, app_job, steps, "what it does, one after the other",
	    .flags = SCHEMA_NEEDED, .rows = step_rows, .size = sizeof(struct app_step)),
	ROW("schedule", SCHEMA_TEXT, app_job, schedule, "when it runs by itself, like Sun 04:30"),
	ROW("when", SCHEMA_LIST, app_job, when,
	    "comparisons that must all hold for the job to exist", .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row command_rows[] = {
	ROW("process", SCHEMA_NAME, app_command, process, "in whose container it runs",
	    .flags = SCHEMA_NEEDED),
	ROW("run", SCHEMA_LIST, app_command, run,
	    "program and arguments; what the user adds comes behind them", .flags = SCHEMA_NEEDED,
	    .item = SCHEMA_TEXT),
	ROW("doc", SCHEMA_TEXT, app_command, doc, "one sentence for the user"),
	END,
};

static const struct schema_row route_rows[] = {
	ROW("path", SCHEMA_TEXT, app_route, path,
	    "\"/\", an exact path, or with a '/' at the end all paths below; the longest wins",
	    .flags = SCHEMA_NEEDED),
	ROW("process", SCHEMA_NAME, app_route, process, "the process that answers"),
	ROW("redirect", SCHEMA_TEXT, app_route, redirect,
	    "instead of a process: where to go, like https://${settings.web}; the path follows"),
	ROW("hidden", SCHEMA_BOOL, app_route, hidden,
	    "instead of a process: to the outside there is nothing (404)", .fallback = "false"),
	ROW("host", SCHEMA_WORD, app_route, host, "the site's name or the handle's domain",
	    .fallback = "web", .words = words_host),
	ROW("max_body", SCHEMA_SIZE, app_route, max_body, "the largest upload", .fallback = "100m",
	    .min = 1024, .max = 64L << 30),
	ROW("websocket", SCHEMA_BOOL, app_route, websocket, "connections stay open for long",
	    .fallback = "false"),
	ROW("cache", SCHEMA_TEXT, app_route, cache,
	    "the Cache-Control of good answers, in place of the process's own"),
	ROW("headers", SCHEMA_PAIRS, app_route, headers,
	    "headers of every answer, in place of the process's own", .item = SCHEMA_TEXT),
	ROW("when", SCHEMA_LIST, app_route, when,
	    "comparisons that must all hold for the route to exist", .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row env_rows[] = {
	ROW("processes", SCHEMA_LIST, app_env, processes, "the processes that get the variables",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_NAME),
	ROW("when", SCHEMA_LIST, app_env, when,
	    "comparisons that must all hold for the variables to exist", .item = SCHEMA_TEXT),
	ROW("values", SCHEMA_PAIRS, app_env, values, "the variables", .flags = SCHEMA_NEEDED,
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row mail_rows[] = {
	ROW("processes", SCHEMA_LIST, app_mail, processes, "the processes that get the variables",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_NAME),
	ROW("none", SCHEMA_PAIRS, app_mail, none, "variables when no mail is sent",
	    .item = SCHEMA_TEXT),
	ROW("plain", SCHEMA_PAIRS, app_mail, plain,
	    "variables for a mail server without encryption", .item = SCHEMA_TEXT),
	ROW("starttls", SCHEMA_PAIRS, app_mail, starttls,
	    "variables for a mail server with STARTTLS", .item = SCHEMA_TEXT),
	ROW("tls", SCHEMA_PAIRS, app_mail, tls,
	    "variables for a mail server with TLS from the start", .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row part_rows[] = {
	ROW("when", SCHEMA_LIST, app_part, when,
	    "comparisons that must all hold for these values to be there", .flags = SCHEMA_NEEDED,
	    .item = SCHEMA_TEXT),
	ROW("values", SCHEMA_TREE, app_part, values, "values that go over the file's others",
	    .flags = SCHEMA_NEEDED),
	END,
};

static const struct schema_row passed_rows[] = {
	ROW("setting", SCHEMA_ENV_NAME, app_passed, setting, "a setting of type options"),
	ROW("below", SCHEMA_TEXT, app_passed, below, "the map that its keys begin in"),
	END,
};

static const struct schema_row refusal_rows[] = {
	ROW("when", SCHEMA_LIST, app_refusal, when, "comparisons that must all hold for it",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_TEXT),
	ROW("setting", SCHEMA_TEXT, app_refusal, setting, "the setting that is wrong then",
	    .flags = SCHEMA_NEEDED),
	ROW("why", SCHEMA_TEXT, app_refusal, why, "one sentence on what is wrong",
	    .flags = SCHEMA_NEEDED),
	ROW("hint", SCHEMA_TEXT, app_refusal, hint, "what to write instead"),
	END,
};

static const struct schema_row config_rows[] = {
	ROW("process", SCHEMA_NAME, app_config, process, "the process that reads the file"),
	ROW("processes", SCHEMA_LIST, app_config, processes,
	    "instead of process, when several read it", .item = SCHEMA_NAME),
	ROW("path", SCHEMA_PATH, app_config, path,
	    "the directory inside the container in which the file appears"),
	ROW("file", SCHEMA_PATH, app_config, file,
	    "instead of path: its path inside the container, in a directory of the image's"),
	ROW("syntax", SCHEMA_WORD, app_config, syntax, "how the values are written",
	    .flags = SCHEMA_NEEDED, .words = words_syntax),
	ROW("values", SCHEMA_TREE, app_config, values, "the values, typed", .flags = SCHEMA_NEEDED),
	ROW("parts", SCHEMA_MAPS, app_config, parts, "values that are there under conditions",
	    .rows = part_rows, .size = sizeof(struct app_part)),
	ROW("options", SCHEMA_MAP, app_config, options,
	    "what users wrote in a setting of type options goes over the values",
	    .rows = passed_rows),
	END,
};

static const struct schema_row import_rule_rows[] = {
	ROW("when", SCHEMA_LIST, app_import_rule, when,
	    "comparisons of a variable with a text, which must all hold", .item = SCHEMA_TEXT),
	ROW("settings", SCHEMA_PAIRS, app_import_rule, settings,
	    "settings, made of variables like ${SMTP_SERVER}", .item = SCHEMA_TEXT),
	ROW("secrets", SCHEMA_PAIRS, app_import_rule, secrets,
	    "secrets, made of variables: app.NAME, or one of a service", .item = SCHEMA_TEXT),
	ROW("drop", SCHEMA_TEXT, app_import_rule, drop,
	    "why the variables of when are left behind"),
	END,
};

static const struct schema_row import_env_rows[] = {
	ROW("defaults", SCHEMA_PAIRS, app_import_env, defaults,
	    "what the application takes for variables that are not written", .item = SCHEMA_TEXT),
	ROW("rules", SCHEMA_MAPS, app_import_env, rules,
	    "what becomes of variables; the first rule for a setting counts",
	    .rows = import_rule_rows, .size = sizeof(struct app_import_rule)),
	ROW("halves", SCHEMA_PAIRS, app_import_env, halves,
	    "variables that are the public half of a secret, which must fit",
	    .item = SCHEMA_ENV_NAME),
	ROW("pass", SCHEMA_LIST, app_import_env, pass,
	    "variables that go into env as they are; with a '*' at the end all that begin so",
	    .item = SCHEMA_TEXT),
	ROW("drop", SCHEMA_PAIRS, app_import_env, drop,
	    "variables that are left behind, and why; with a '*' at the end all that begin so",
	    .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row import_run_rows[] = {
	ROW("process", SCHEMA_NAME, app_import_run, process, "in whose container it runs",
	    .flags = SCHEMA_NEEDED),
	ROW("run", SCHEMA_LIST, app_import_run, run, "program and arguments",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_TEXT),
	END,
};

static const struct schema_row import_database_rows[] = {
	ROW("process", SCHEMA_NAME, app_import_database, process,
	    "the data process that holds it, with psql and pg_restore"),
	ROW("user", SCHEMA_ENV_NAME, app_import_database, user,
	    "the superuser, as whom psql gets in there without a password", .fallback = "postgres"),
	ROW("name", SCHEMA_ENV_NAME, app_import_database, name, "the application's database"),
	ROW("owner", SCHEMA_ENV_NAME, app_import_database, owner, "the role that owns it"),
	ROW("schema", SCHEMA_ENV_NAME, app_import_database, schema, "the schema that is moved",
	    .fallback = "public"),
	ROW("empty", SCHEMA_TEXT, app_import_database, empty,
	    "SQL that says t when nobody has used this node yet"),
	ROW("version", SCHEMA_TEXT, app_import_database, version,
	    "SQL that says the version of the tables"),
	ROW("newest", SCHEMA_MAP, app_import_database, newest,
	    "prints the newest version that the image knows; the dump's may not be above it, as "
	    "texts are compared",
	    .rows = import_run_rows),
	ROW("refuse", SCHEMA_PAIRS, app_import_database, refuse,
	    "why a dump is refused: SQL that says t then", .item = SCHEMA_TEXT),
	ROW("counts", SCHEMA_LIST, app_import_database, counts,
	    "tables whose rows are counted in the dump and in the database",
	    .item = SCHEMA_ENV_NAME),
	END,
};

static const struct schema_row import_media_rows[] = {
	ROW("volume", SCHEMA_NAME, app_import_media, volume, "the volume that files go into"),
	ROW("strip", SCHEMA_TEXT, app_import_media, strip,
	    "what names in the archive may begin with, like public/system"),
	END,
};

static const struct schema_row import_rows[] = {
	ROW("env", SCHEMA_MAP, app_import, env,
	    "what the variables of another installation's .env become", .rows = import_env_rows),
	ROW("database", SCHEMA_MAP, app_import, database, "how a dump becomes the database",
	    .rows = import_database_rows),
	ROW("media", SCHEMA_MAP, app_import, media, "where files go", .rows = import_media_rows),
	ROW("clear", SCHEMA_MAPS, app_import, clear,
	    "programs that make others forget the database of before", .rows = import_run_rows,
	    .size = sizeof(struct app_import_run)),
	ROW("notes", SCHEMA_LIST, app_import, notes, "sentences on what to do afterwards",
	    .item = SCHEMA_TEXT),
	END,
};

const struct schema_row app_rows[] = {
	ROW("format", SCHEMA_INT, app, format, "version of this format", .flags = SCHEMA_NEEDED,
	    .min = 1, .max = 1000000),
	ROW("name", SCHEMA_NAME, app, name, "the application's name, as in stead.yaml",
	    .flags = SCHEMA_NEEDED),
	ROW("title", SCHEMA_TEXT, app, title, "its name for people", .flags = SCHEMA_NEEDED),
	ROW("summary", SCHEMA_TEXT, app, summary, "one sentence on what it is"),
	ROW("website", SCHEMA_TEXT, app, website, "where its makers are"),
	ROW("version", SCHEMA_TEXT, app, version,
	    "the version that the definition was written for and tried with"),
	ROW("versions", SCHEMA_LIST, app, versions,
	    "the versions it is for, as conditions: [version >= 0.19, version < 0.21]",
	    .item = SCHEMA_TEXT),
	ROW("split_domain", SCHEMA_BOOL, app, split_domain,
	    "handles can be of one domain while the site is at another", .fallback = "false"),
	ROW("identity", SCHEMA_LIST, app, identity, "settings that can never change",
	    .item = SCHEMA_TEXT),
	ROW("owner", SCHEMA_MAP, app, owner, "rules for the owner's account", .rows = owner_rows),
	ROW("settings", SCHEMA_NAMED, app, settings,
	    "the application's own keys, written in stead.yaml under its name",
	    .item = SCHEMA_ENV_NAME, .rows = setting_rows, .size = sizeof(struct app_setting)),
	ROW("sizes", SCHEMA_TREE, app, sizes,
	    "values by size of the machine: the largest that fits is taken"),
	ROW("secrets", SCHEMA_NAMED, app, secrets, "secrets that the application needs",
	    .item = SCHEMA_ENV_NAME, .rows = secret_rows, .size = sizeof(struct app_secret)),
	ROW("volumes", SCHEMA_NAMED, app, volumes, "directories that outlive a container",
	    .item = SCHEMA_NAME, .rows = volume_rows, .size = sizeof(struct app_volume)),
	ROW("config", SCHEMA_NAMED, app, configs, "files made of typed values", .item = SCHEMA_TEXT,
	    .rows = config_rows, .size = sizeof(struct app_config)),
	ROW("processes", SCHEMA_NAMED, app, processes, "what runs, one container each",
	    .flags = SCHEMA_NEEDED, .item = SCHEMA_NAME, .rows = process_rows,
	    .size = sizeof(struct app_process)),
	ROW("env", SCHEMA_NAMED, app, envs, "variables that several processes share",
	    .item = SCHEMA_NAME, .rows = env_rows, .size = sizeof(struct app_env)),
	ROW("env_kept", SCHEMA_LIST, app, env_kept,
	    "variables that users cannot set under env, because the node would break",
	    .item = SCHEMA_ENV_NAME),
	ROW("mail", SCHEMA_MAP, app, mail, "the mail settings as the application's variables",
	    .rows = mail_rows),
	ROW("jobs", SCHEMA_NAMED, app, jobs, "what runs once, or now and then", .item = SCHEMA_NAME,
	    .rows = job_rows, .size = sizeof(struct app_job)),
	ROW("commands", SCHEMA_NAMED, app, commands, "short names for the application's own tools",
	    .item = SCHEMA_NAME, .rows = command_rows, .size = sizeof(struct app_command)),
	ROW("routes", SCHEMA_MAPS, app, routes, "which process answers which path",
	    .rows = route_rows, .size = sizeof(struct app_route)),
	ROW("import", SCHEMA_MAP, app, import, "how an installation of before is moved here",
	    .rows = import_rows),
	ROW("refuses", SCHEMA_MAPS, app, refuses, "settings that the application cannot follow",
	    .rows = refusal_rows, .size = sizeof(struct app_refusal)),
	ROW("mail_used", SCHEMA_BOOL, app, mail_used, "whether the application sends mail",
	    .fallback = "true"),
	ROW("notes", SCHEMA_LIST, app, notes, "sentences that a check shows to every user",
	    .item = SCHEMA_TEXT),
	ROW("metrics", SCHEMA_TREE, app, metrics, "what can be measured", .flags = SCHEMA_LATER),
	ROW("alerts", SCHEMA_TREE, app, alerts, "when somebody must look", .flags = SCHEMA_LATER),
	ROW("dashboards", SCHEMA_TREE, app, dashboards, "what is worth looking at",
	    .flags = SCHEMA_LATER),
	ROW("backup", SCHEMA_TREE, app, backup, "what a backup holds and how it is checked",
	    .flags = SCHEMA_LATER),
	END,
};
