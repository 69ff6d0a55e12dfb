/*
 * When the system may update itself, and restart for it: Zincati on fcos, update-engine and
 * locksmithd on flatcar.
 */
#include "base/arena.h"
#include "base/text.h"
#include "host/writers.h"

enum { DAYS = 7, HOUR_MIN = 60, ALL_DAYS = (1 << DAYS) - 1 };

static const char *clock_text(struct arena *arena, const struct settings_window *window)
{
	return arena_printf(arena, "%02u:%02u", window->start_min / HOUR_MIN,
	                    window->start_min % HOUR_MIN);
}

/* Zincati's manual, "Updates strategy"; "Auto-updates". */
static void zincati(struct host_context *host)
{
	const struct node_updates *updates = &host->node->updates;
	const struct settings_window *window = &updates->window;
	struct arena *arena = host->set->arena;
	struct output *file =
		output_file(host->set, HOST_ZINCATI_PATH, 0644, 0, updates->os_origin);
	struct text days;

	host_banner(file, "#");
	output_line(file, updates->os_origin, "[updates]");
	output_line(file, updates->os_origin, "enabled = %s", updates->os ? "true" : "false");
	if (!updates->os)
		return;
	output_line(file, updates->window_origin, "strategy = \"periodic\"");
	output_line(file, updates->window_origin, "[updates.periodic]");
	output_line(file, host->node->machine.time_zone.origin, "time_zone = \"%s\"",
	            host->node->machine.time_zone.v);
	output_line(file, updates->window_origin, "[[updates.periodic.window]]");
	text_init(&days, arena);
	for (unsigned day = 0; day < DAYS; day++)
		if ((window->days & 1u << day) != 0)
			text_addf(&days, "%s\"%s\"", days.len > 0 ? ", " : "",
			          settings_day_name(day));
	output_line(file, updates->window_origin, "days = [ %s ]", days.data);
	output_line(file, updates->window_origin, "start_time = \"%s\"", clock_text(arena, window));
	output_line(file, updates->window_origin, "length_minutes = %u", window->length_min);
}

static unsigned first_day(unsigned days)
{
	unsigned day = 0;

	while (day < DAYS - 1 && (days & 1u << day) == 0)
		day++;
	return day;
}

/* Flatcar's manual, "Update and reboot strategies". The window is in the machine's time zone. */
static void update_conf(struct host_context *host)
{
	const struct node_updates *updates = &host->node->updates;
	const struct settings_window *window = &updates->window;
	const char *start = clock_text(host->set->arena, window);
	struct output *file =
		output_file(host->set, HOST_UPDATE_CONF_PATH, 0644, 0, updates->os_origin);

	host_banner(file, "#");
	if (!updates->os) {
		output_line(file, updates->os_origin, "SERVER=disabled");
		output_line(file, updates->os_origin, "REBOOT_STRATEGY=off");
		return;
	}
	output_line(file, updates->os_origin, "REBOOT_STRATEGY=reboot");
	if (window->days == ALL_DAYS)
		output_line(file, updates->window_origin, "LOCKSMITHD_REBOOT_WINDOW_START=%s",
		            start);
	else
		output_line(file, updates->window_origin,
		            "LOCKSMITHD_REBOOT_WINDOW_START=\"%s %s\"",
		            settings_day_name(first_day(window->days)), start);
	output_line(file, updates->window_origin, "LOCKSMITHD_REBOOT_WINDOW_LENGTH=%uh%um",
	            window->length_min / HOUR_MIN, window->length_min % HOUR_MIN);
}

void host_updates(struct host_context *host)
{
	const char *os = host->node->machine.os;

	if (!host->node->updates.window.given)
		return;
	if (str_equal(os, "fcos"))
		zincati(host);
	else if (str_equal(os, "flatcar"))
		update_conf(host);
}
