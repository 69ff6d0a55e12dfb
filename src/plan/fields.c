#include "plan/fields.h"

#include "plan/plan.h"

#define AT(type, member) offsetof(struct type, member)

enum { ANY_ID = 0x7fffffff, DAY_S = 24 * 60 * 60 };

static const char *const group_words[] = { "data", "app", NULL };
static const char *const health_words[] = { "none", "http", "tcp", "exec", NULL };
static const char *const done_words[] = { "journal", "file", "exec", "http", NULL };
static const char *const reach_words[] = { "checked", "unchecked", "quarantined", NULL };
static const char *const unit_words[] = { "enabled", "disabled", "masked", NULL };
const char *const plan_exit_words[] = { "fail", "ok", "retry", NULL };

static const struct field mount_fields[] = {
	{ "host", FIELD_PATH, AT(plan_mount, host) },
	{ "target", FIELD_PATH, AT(plan_mount, target) },
	{ "ro", FIELD_BOOL, AT(plan_mount, read_only) },
	{ NULL },
};

static const struct field health_fields[] = {
	{ "kind", FIELD_WORD, AT(plan_process, health), .words = health_words },
	{ "port", FIELD_UNSIGNED, AT(plan_process, health_port), true, 1, 65535 },
	{ "path", FIELD_TEXT, AT(plan_process, health_path), true },
	{ "status", FIELD_UNSIGNED, AT(plan_process, health_status), true, 100, 599 },
	{ "exec", FIELD_STRINGS, AT(plan_process, health_exec), true },
	{ "start_s", FIELD_UNSIGNED, AT(plan_process, health_start_s), true, 1, DAY_S },
	{ NULL },
};

static const struct field process_fields[] = {
	{ "name", FIELD_NAME, AT(plan_process, name) },
	{ "image", FIELD_TEXT, AT(plan_process, image) },
	{ "unit", FIELD_NAME, AT(plan_process, unit) },
	{ "user", FIELD_IDS, AT(plan_process, uid), .max = ANY_ID },
	{ "group", FIELD_TEXT, AT(plan_process, group), .words = group_words },
	{ "no_entrypoint", FIELD_BOOL, AT(plan_process, no_entrypoint), true },
	{ "command", FIELD_STRINGS, AT(plan_process, command), true },
	{ "env", FIELD_PAIRS, AT(plan_process, env), true },
	{ "env_files", FIELD_STRINGS, AT(plan_process, env_files), true },
	{ "mounts", FIELD_LIST, AT(plan_process, mounts), true, .fields = mount_fields,
	  .size = sizeof(struct plan_mount) },
	{ "tmpfs", FIELD_STRINGS, AT(plan_process, tmpfs), true },
	{ "networks", FIELD_STRINGS, AT(plan_process, networks), true },
	{ "capabilities", FIELD_STRINGS, AT(plan_process, capabilities), true },
	{ "writable_root", FIELD_BOOL, AT(plan_process, writable_root) },
	{ "memory_bytes", FIELD_BYTES, AT(plan_process, memory_bytes), true },
	{ "after", FIELD_STRINGS, AT(plan_process, after), true },
	{ "public", FIELD_BOOL, AT(plan_process, public), true },
	{ "health", FIELD_OBJECT, .fields = health_fields },
	{ "stop_s", FIELD_UNSIGNED, AT(plan_process, stop_s), false, 0, DAY_S },
	{ NULL },
};

static const struct field tool_fields[] = {
	{ "name", FIELD_NAME, AT(plan_process, name) },
	{ "image", FIELD_TEXT, AT(plan_process, image) },
	{ "user", FIELD_IDS, AT(plan_process, uid), .max = ANY_ID },
	{ "no_entrypoint", FIELD_BOOL, AT(plan_process, no_entrypoint), true },
	{ "env", FIELD_PAIRS, AT(plan_process, env), true },
	{ "env_files", FIELD_STRINGS, AT(plan_process, env_files), true },
	{ "mounts", FIELD_LIST, AT(plan_process, mounts), true, .fields = mount_fields,
	  .size = sizeof(struct plan_mount) },
	{ "tmpfs", FIELD_STRINGS, AT(plan_process, tmpfs), true },
	{ "networks", FIELD_STRINGS, AT(plan_process, networks), true },
	{ "capabilities", FIELD_STRINGS, AT(plan_process, capabilities), true },
	{ "writable_root", FIELD_BOOL, AT(plan_process, writable_root) },
	{ "memory_bytes", FIELD_BYTES, AT(plan_process, memory_bytes), true },
	{ "after", FIELD_STRINGS, AT(plan_process, after), true },
	{ NULL },
};

static const struct field volume_fields[] = {
	{ "name", FIELD_TEXT, AT(plan_volume, name) },
	{ "path", FIELD_PATH, AT(plan_volume, path) },
	{ "user", FIELD_IDS, AT(plan_volume, uid), .max = ANY_ID },
	{ "mode", FIELD_UNSIGNED, AT(plan_volume, mode), false, 0, 07777 },
	{ "class", FIELD_TEXT, AT(plan_volume, class) },
	{ NULL },
};

static const struct field merge_fields[] = {
	{ "file", FIELD_PATH, AT(plan_step, merge_file) },
	{ "values", FIELD_JSON, AT(plan_step, merge_values) },
	{ NULL },
};

static const struct field done_fields[] = {
	{ "kind", FIELD_WORD, AT(plan_step, done), .words = done_words },
	{ "path", FIELD_TEXT, AT(plan_step, done_path), true },
	{ "exec", FIELD_STRINGS, AT(plan_step, done_exec), true },
	{ "process", FIELD_NAME, AT(plan_step, done_process), true },
	{ "stdin_from", FIELD_STRINGS, AT(plan_step, done_stdin), true },
	{ "expect", FIELD_TEXT, AT(plan_step, done_expect), true },
	{ NULL },
};

static const struct field capture_fields[] = {
	{ "pattern", FIELD_TEXT, AT(plan_step, capture_pattern) },
	{ "secret", FIELD_NAME, AT(plan_step, capture_secret) },
	{ NULL },
};

static const struct field step_fields[] = {
	{ "id", FIELD_NAME, AT(plan_step, id) },
	{ "key", FIELD_TEXT, AT(plan_step, key) },
	{ "guard", FIELD_TEXT, AT(plan_step, guard), true },
	{ "run", FIELD_STRINGS, AT(plan_step, run), true },
	{ "stdin", FIELD_TEXT, AT(plan_step, stdin_text), true },
	{ "merge", FIELD_OBJECT, AT(plan_step, merge_file), true, .fields = merge_fields },
	{ "done", FIELD_OBJECT, .fields = done_fields },
	{ "repair", FIELD_STRINGS, AT(plan_step, repair), true },
	{ "capture", FIELD_OBJECT, AT(plan_step, capture_pattern), true, .fields = capture_fields },
	{ "exits", FIELD_EXITS, AT(plan_step, exits), true },
	{ "restart", FIELD_STRINGS, AT(plan_step, restart), true },
	{ "deadline_s", FIELD_UNSIGNED, AT(plan_step, deadline_s), false, 1, DAY_S },
	{ NULL },
};

static const struct field job_fields[] = {
	{ "name", FIELD_NAME, AT(plan_job, name) },
	{ "phase", FIELD_NAME, AT(plan_job, phase) },
	{ "process", FIELD_NAME, AT(plan_job, process) },
	{ "steps", FIELD_LIST, AT(plan_job, steps), .fields = step_fields,
	  .size = sizeof(struct plan_step), .unique = true },
	{ NULL },
};

static const struct field network_fields[] = {
	{ "name", FIELD_NAME, AT(plan_network, name) },
	{ "internal", FIELD_BOOL, AT(plan_network, internal) },
	{ "unit", FIELD_NAME, AT(plan_network, unit) },
	{ NULL },
};

static const struct field command_fields[] = {
	{ "name", FIELD_NAME, AT(plan_command, name) },
	{ "process", FIELD_NAME, AT(plan_command, process) },
	{ "run", FIELD_STRINGS, AT(plan_command, run) },
	{ "doc", FIELD_TEXT, AT(plan_command, doc), true },
	{ NULL },
};

static const struct field tls_fields[] = {
	{ "issuer", FIELD_NAME, AT(plan, tls_issuer) },
	{ "staging", FIELD_BOOL, AT(plan, tls_staging) },
	{ NULL },
};

static const struct field data_fields[] = {
	{ "device", FIELD_PATH, AT(plan, data_device) },
	{ NULL },
};

static const struct field file_fields[] = {
	{ "path", FIELD_PATH, AT(plan_file, path) },
	{ "mode", FIELD_UNSIGNED, AT(plan_file, mode), false, 0, 07777 },
	{ "user", FIELD_IDS, AT(plan_file, uid), .max = ANY_ID },
	{ "secret", FIELD_BOOL, AT(plan_file, secret) },
	{ NULL },
};

static const struct field dir_fields[] = {
	{ "path", FIELD_PATH, AT(plan_dir, path) },
	{ "mode", FIELD_UNSIGNED, AT(plan_dir, mode), false, 0, 07777 },
	{ "user", FIELD_IDS, AT(plan_dir, uid), .max = ANY_ID },
	{ NULL },
};

static const struct field link_fields[] = {
	{ "path", FIELD_PATH, AT(plan_link, path) },
	{ "target", FIELD_TEXT, AT(plan_link, target) },
	{ NULL },
};

static const struct field unit_fields[] = {
	{ "name", FIELD_NAME, AT(plan_unit, name) },
	{ "state", FIELD_WORD, AT(plan_unit, state), .words = unit_words },
	{ NULL },
};

static const struct field owner_fields[] = {
	{ "name", FIELD_TEXT, AT(plan, owner_name) },
	{ "login", FIELD_NAME, AT(plan, owner_login), true },
	{ NULL },
};

const struct field plan_fields[] = {
	{ "stead", FIELD_TEXT, AT(plan, stead) },
	{ "app", FIELD_NAME, AT(plan, app) },
	{ "domain", FIELD_TEXT, AT(plan, domain) },
	{ "web", FIELD_TEXT, AT(plan, web) },
	{ "lineage", FIELD_TEXT, AT(plan, lineage) },
	{ "engine", FIELD_NAME, AT(plan, engine) },
	{ "owner", FIELD_OBJECT, AT(plan, owner_name), true, .fields = owner_fields },
	{ "ca", FIELD_PATH, AT(plan, ca), true },
	{ "reach", FIELD_WORD, AT(plan, reach), .words = reach_words },
	{ "tls", FIELD_OBJECT, AT(plan, tls_issuer), .fields = tls_fields },
	{ "processes", FIELD_LIST, AT(plan, processes), .fields = process_fields,
	  .size = sizeof(struct plan_process), .unique = true },
	{ "tools", FIELD_LIST, AT(plan, tools), true, .fields = tool_fields,
	  .size = sizeof(struct plan_process), .unique = true },
	{ "permanent", FIELD_PAIRS, AT(plan, permanent), true },
	{ "volumes", FIELD_LIST, AT(plan, volumes), .fields = volume_fields,
	  .size = sizeof(struct plan_volume) },
	{ "jobs", FIELD_LIST, AT(plan, jobs), .fields = job_fields, .size = sizeof(struct plan_job),
	  .unique = true },
	{ "networks", FIELD_LIST, AT(plan, networks), .fields = network_fields,
	  .size = sizeof(struct plan_network), .unique = true },
	{ "commands", FIELD_LIST, AT(plan, commands), .fields = command_fields,
	  .size = sizeof(struct plan_command), .unique = true },
	{ "data", FIELD_OBJECT, AT(plan, data_device), true, .fields = data_fields },
	{ "swap_bytes", FIELD_BYTES, AT(plan, swap_bytes), true },
	{ "files", FIELD_LIST, AT(plan, files), .fields = file_fields,
	  .size = sizeof(struct plan_file), .unique = true },
	{ "dirs", FIELD_LIST, AT(plan, dirs), .fields = dir_fields, .size = sizeof(struct plan_dir),
	  .unique = true },
	{ "links", FIELD_LIST, AT(plan, links), .fields = link_fields,
	  .size = sizeof(struct plan_link), .unique = true },
	{ "units", FIELD_LIST, AT(plan, units), .fields = unit_fields,
	  .size = sizeof(struct plan_unit), .unique = true },
	{ "restart", FIELD_RESTART, AT(plan, restart) },
	{ NULL },
};
