/* Jobs that run by themselves, and the time in which the machine may restart. */
#include "check/families.h"

#include "base/text.h"

static void check_job(const struct app_job *job, const struct settings_window *window,
                      struct findings *findings)
{
	struct settings_window at;

	if (job->schedule.v == NULL)
		return;
	if (!settings_schedule_parse(job->schedule.v, &at)) {
		diag_error(findings, "schedule.value", job->schedule.at,
		           "like \"04:30\", \"Sun 04:30\" or \"Mon-Fri 04:30\"",
		           "the schedule of job '%s' is not days and a time", job->name.v);
		return;
	}
	for (unsigned day = 0; day < 7; day++) {
		if ((at.days & 1U << day) == 0 || !settings_window_holds(window, day, at.start_min))
			continue;
		diag_warning(findings, "schedule.window", job->schedule.at,
		             "another time, or another 'updates.window'",
		             "job '%s' begins on %s at %02u:%02u, when the machine may restart for "
		             "updates",
		             job->name.v, settings_day_name(day), at.start_min / 60,
		             at.start_min % 60);
		return;
	}
}

CHECK_FAMILY(schedule)
{
	static const struct settings_window never = { 0 };
	const struct settings_updates *updates = &inputs->settings->updates;
	const struct app_job *jobs = inputs->app->jobs.items;

	(void)node;
	for (size_t i = 0; i < inputs->app->jobs.count; i++)
		check_job(&jobs[i], str_equal(updates->os.v, "none") ? &never : &updates->when,
		          findings);
}
