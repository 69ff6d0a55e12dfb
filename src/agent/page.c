/*
 * page: says at port 80 and at the console what the node waits for, as long as it does. Runs as
 * long as the node; how it shares port 80 is in port80.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/disk.h"
#include "agent/failpoint.h"
#include "agent/judge.h"
#include "agent/page_text.h"
#include "agent/port80.h"
#include "agent/server.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define PAGE_FILE AGENT_PAGE "/" SERVER_PAGE
#define ISSUE_DIR "/run/issue.d"
#define ISSUE_FILE ISSUE_DIR "/50-stead.issue"

enum {
	REFRESH_MS = 5 * 1000,        /* while the node is not ready */
	REFRESH_READY_MS = 15 * 1000, /* looking costs some CPU */
	REFRESH_MIN_MS = 3 * 1000,    /* however much happens */
	LISTEN_AGAIN_MS = 2 * 1000,
	AGETTY_MS = 10 * 1000,
};

struct page {
	struct agent *agent;
	int events_fd; /* of /run/stead */
	int listen_fd, lock_fd;
	pid_t server;
	int64_t refreshed_at, next_refresh, next_listen;
	char issue[1024]; /* as it was written last */
	bool told;        /* that port 80 is somebody else's */
};

/* --- port 80 --- */

static void stop_listening(struct page *page)
{
	if (page->listen_fd < 0)
		return;
	if (page->server > 0) {
		(void)kill(page->server, SIGKILL);
		while (waitpid(page->server, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	page->server = 0;
	fd_cleanup(&page->listen_fd);
	fd_cleanup(&page->lock_fd);
	page->listen_fd = page->lock_fd = -1;
}

static int start_listening(struct page *page)
{
	struct agent *agent = page->agent;
	cleanup_fd int dir = disk_open_dir(agent->root_fd, AGENT_PAGE);
	int r;

	if (dir < 0)
		return agent_fail(agent, dir, "%s: %s", AGENT_PAGE, strerror(-dir));
	page->listen_fd = port80_listen(agent, &page->lock_fd);
	if (page->listen_fd < 0)
		return page->listen_fd;
	r = server_start(page->listen_fd, dir, page->lock_fd);
	if (r < 0) {
		stop_listening(page);
		return agent_fail(agent, r, "fork: %s", strerror(-r));
	}
	page->server = r;
	return 0;
}

/* Has the port while nobody else wants it. */
static void keep_port(struct page *page, int64_t now)
{
	if (page->server > 0 && waitpid(page->server, NULL, WNOHANG) == page->server) {
		page->server = 0;
		stop_listening(page);
		page->next_listen = now + LISTEN_AGAIN_MS;
	}
	if (port80_is_taken(page->agent)) {
		stop_listening(page);
		page->next_listen = now;
	} else if (page->listen_fd < 0 && now >= page->next_listen) {
		if (start_listening(page) == 0)
			page->told = false;
		else if (!page->told)
			agent_log("%s", page->agent->why);
		page->told |= page->listen_fd < 0;
		page->next_listen = now + LISTEN_AGAIN_MS;
	}
}

/* --- the texts --- */

static void write_or_log(struct agent *agent, const char *path, const char *text)
{
	int r = disk_write_volatile(agent->root_fd, path, 0644, text, strlen(text));

	if (r < 0)
		agent_log("%s cannot be written: %s", path, strerror(-r));
}

static void write_issue(struct page *page, const char *text)
{
	static const char *const argv[] = { "agetty", "--reload", NULL };
	cleanup_arena struct arena *scratch = arena_new();
	struct process_run run = { .argv = argv, .deadline_ms = AGETTY_MS };
	struct process_result result;

	if (strncmp(page->issue, text, sizeof(page->issue) - 1) == 0)
		return;
	(void)snprintf(page->issue, sizeof(page->issue), "%s", text);
	if (dir_make(page->agent->root_fd, agent_below_root(ISSUE_DIR), 0755) == 0)
		write_or_log(page->agent, ISSUE_FILE, text);
	/* A login prompt shows the old text until then; there may be none at all. */
	(void)failpoint_run(scratch, &run, &result);
}

static void refresh(struct page *page)
{
	cleanup_arena struct arena *scratch = arena_new();
	struct agent *agent = page->agent;
	struct status status;
	bool ready;

	status_read(agent, scratch, &status);
	ready = str_equal(status.state, "ready");
	if (ready)
		(void)unlinkat(agent->root_fd, agent_below_root(PAGE_FILE), 0);
	else
		write_or_log(agent, PAGE_FILE, page_html(scratch, &status));
	write_issue(page, page_issue(scratch, &status));
	status_done(&status);
	page->refreshed_at = clock_ms();
	page->next_refresh = page->refreshed_at + (ready ? REFRESH_READY_MS : REFRESH_MS);
}

/* --- the loop --- */

/* Until something in /run/stead changes, or it is time. */
static void wait_for_events(struct page *page)
{
	char events[4096];
	struct pollfd fd = { .fd = page->events_fd, .events = POLLIN };
	int64_t now = clock_ms(), until = page->next_refresh;

	if (page->listen_fd < 0 && !port80_is_taken(page->agent) && page->next_listen < until)
		until = page->next_listen;
	if (poll(&fd, 1, until > now ? (int)(until - now) : 0) <= 0)
		return;
	while (read(page->events_fd, events, sizeof(events)) > 0)
		continue;
	until = page->refreshed_at + failpoint_pause_ms(REFRESH_MIN_MS);
	if (page->next_refresh > until)
		page->next_refresh = until;
}

static int watch(struct agent *agent)
{
	cleanup_arena struct arena *scratch = arena_new();
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0 || inotify_add_watch(fd, agent_host_path(agent, scratch, AGENT_RUN),
	                                IN_CREATE | IN_DELETE | IN_MOVED_TO) < 0)
		return agent_fail(agent, -errno, "%s: inotify: %s", AGENT_RUN, strerror(errno));
	return fd;
}

int agent_page(struct agent *agent, char *const *args)
{
	struct page page = { .agent = agent, .events_fd = -1, .listen_fd = -1, .lock_fd = -1 };

	(void)args;
	if (agent_make_run(agent) < 0 || (page.events_fd = watch(agent)) < 0) {
		agent_log("%s", agent->why);
		return AGENT_FAILED;
	}
	refresh(&page); /* who comes first shall see it, too */
	while (!agent_plan_has_changed(agent)) {
		keep_port(&page, clock_ms());
		if (clock_ms() >= page.next_refresh)
			refresh(&page);
		wait_for_events(&page);
	}
	stop_listening(&page);
	(void)close(page.events_fd);
	agent_log("there is another plan: once more");
	return AGENT_OK;
}
