#include "cmd/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "vm/vm.h"

#define JOURNAL_DIR ".stead"
#define JOURNAL_NAME "init"
#define JOURNAL JOURNAL_DIR "/" JOURNAL_NAME

enum { HASH_LEN = 64, JOURNAL_MAX = 4096, FILE_MAX = 1024 * 1024, TEMP_DIGITS = 16 };

/* --- undoing what a killed init left --- */

/* Our own temporary files: ".NAME.0123456789abcdef" (base/file.c). */
static bool is_temp_of(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return entry[0] == '.' && strncmp(entry + 1, name, len) == 0 && entry[1 + len] == '.' &&
	       strlen(entry + 2 + len) == TEMP_DIGITS &&
	       entry[2 + len + strspn(entry + 2 + len, "0123456789abcdef")] == '\0';
}

static void remove_temps(int dir_fd, const char *folder, const char *name)
{
	int fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		fd_cleanup(&fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (is_temp_of(entry->d_name, name))
			(void)unlinkat(fd, entry->d_name, 0);
	(void)closedir(dir);
}

/* What was made whole is a node's identity, and may have been used since. */
static bool is_whole(struct arena *arena, int dir_fd, const char *journal)
{
	const char *line, *end;
	size_t files = 0;

	for (line = journal; (end = strchr(line, '\n')) != NULL; line = end + 1, files++) {
		const char *name;
		char *data;
		size_t len;
		bool same;

		if ((size_t)(end - line) <= HASH_LEN + 1)
			return false;
		name = arena_strndup(arena, line + HASH_LEN + 1,
		                     (size_t)(end - line) - HASH_LEN - 1);
		if (file_read(arena, dir_fd, name, FILE_MAX, &data, &len) < 0)
			return false;
		same = strncmp(hash_sha256(arena, data, len), line, HASH_LEN) == 0;
		explicit_bzero(data, len);
		if (!same)
			return false;
	}
	return files > 0;
}

static void undo_one(struct arena *arena, int dir_fd, const char *hash, const char *name)
{
	char *data;
	size_t len;

	if (strchr(name, '/') != NULL || *name == '\0')
		return;
	remove_temps(dir_fd, ".", name);
	if (file_read(arena, dir_fd, name, FILE_MAX, &data, &len) == 0) {
		if (strcmp(hash_sha256(arena, data, len), hash) == 0)
			(void)unlinkat(dir_fd, name, 0);
		explicit_bzero(data, len);
	}
}

static void undo_killed(struct arena *arena, int dir_fd)
{
	char *journal, *line;
	size_t len;

	remove_temps(dir_fd, ".", ".gitignore");
	remove_temps(dir_fd, JOURNAL_DIR, JOURNAL_NAME);
	if (file_read(arena, dir_fd, JOURNAL, JOURNAL_MAX, &journal, &len) < 0)
		return;
	for (line = is_whole(arena, dir_fd, journal) ? NULL : strtok(journal, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		if (strlen(line) > HASH_LEN + 1 && line[HASH_LEN] == ' ') {
			line[HASH_LEN] = '\0';
			undo_one(arena, dir_fd, line, line + HASH_LEN + 1);
		}
	(void)dir_sync(dir_fd, ".");
	(void)unlinkat(dir_fd, JOURNAL, 0);
}

int files_begin(struct arena *arena, const char *dir, bool *ret_made_dir)
{
	struct stat st;
	int fd, r;

	*ret_made_dir = stat(dir, &st) < 0 && errno == ENOENT;
	if (*ret_made_dir && (r = dir_make(AT_FDCWD, dir, 0755)) < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)close(fd);
		return -EBUSY;
	}
	undo_killed(arena, fd);
	return fd;
}

/* --- .gitignore --- */

/* Inside a work tree every folder up to it may say `.git`: a folder, or a file in a linked one. */
static bool in_git(struct arena *arena, int dir_fd)
{
	char path[4096];
	char *slash;

	if (realpath(arena_printf(arena, "/proc/self/fd/%d", dir_fd), path) == NULL)
		return false;
	for (;;) {
		if (access(arena_printf(arena, "%s/.git", path), F_OK) == 0)
			return true;
		slash = strrchr(path, '/');
		if (slash == NULL || path[1] == '\0')
			return false;
		slash[slash == path ? 1 : 0] = '\0';
	}
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	while (*text != '\0') {
		size_t this_len = strcspn(text, "\r\n");
		const char *start = text + (*text == '/');

		if (this_len - (size_t)(start - text) == len && strncmp(start, line, len) == 0)
			return true;
		text += this_len;
		text += strspn(text, "\r\n");
	}
	return false;
}

struct ignore_undo {
	bool changed, existed;
	char *data;
	size_t len;
	mode_t mode;
};

static int add_ignored(struct arena *arena, int dir_fd, const char *const *ignored,
                       struct ignore_undo *undo)
{
	struct stat st = { .st_mode = 0644 };
	struct text text;
	int r = file_read(arena, dir_fd, ".gitignore", FILE_MAX, &undo->data, &undo->len);

	if (r < 0 && r != -ENOENT)
		return r;
	undo->existed = r == 0;
	if (undo->existed && fstatat(dir_fd, ".gitignore", &st, 0) < 0)
		return -errno;
	undo->mode = st.st_mode & 07777;
	text_init(&text, arena);
	if (undo->existed)
		text_addn(&text, undo->data, undo->len);
	for (size_t i = 0; ignored[i] != NULL; i++)
		if (!has_line(text.data, ignored[i])) {
			if (text.len > 0 && text.data[text.len - 1] != '\n')
				text_addc(&text, '\n');
			text_addf(&text, "%s\n", ignored[i]);
			undo->changed = true;
		}
	if (!undo->changed)
		return 0;
	return file_write_atomic(dir_fd, ".gitignore", undo->mode, text.data, text.len);
}

static void undo_ignored(int dir_fd, const struct ignore_undo *undo)
{
	if (!undo->changed)
		return;
	if (undo->existed)
		(void)file_write_atomic(dir_fd, ".gitignore", undo->mode, undo->data, undo->len);
	else
		(void)unlinkat(dir_fd, ".gitignore", 0);
}

/* --- making --- */

static int write_journal(struct arena *arena, int dir_fd, const struct new_file *files,
                         size_t count)
{
	struct text text;
	int r = dir_make(dir_fd, JOURNAL_DIR, 0700);

	text_init(&text, arena);
	for (size_t i = 0; i < count; i++)
		text_addf(&text, "%s %s\n", hash_sha256(arena, files[i].data, files[i].len),
		          files[i].name);
	return r < 0 ? r : file_write_atomic(dir_fd, JOURNAL, 0600, text.data, text.len);
}

static int make_all(struct arena *arena, int dir_fd, const struct new_file *files, size_t count,
                    const char *const *ignored, const char **ret_name)
{
	struct ignore_undo ignore = { 0 };
	size_t made = 0;
	int r = 0;

	*ret_name = ".gitignore";
	/* First, so that there is never a moment in which git would take the secrets. */
	if (in_git(arena, dir_fd))
		r = add_ignored(arena, dir_fd, ignored, &ignore);
	if (r == 0) {
		*ret_name = JOURNAL;
		r = write_journal(arena, dir_fd, files, count);
	}
	for (; made < count && r == 0; made += r == 0) {
		*ret_name = files[made].name;
		r = file_create(dir_fd, files[made].name, files[made].mode, files[made].data,
		                files[made].len);
	}
	if (r < 0) {
		while (made > 0)
			(void)unlinkat(dir_fd, files[--made].name, 0);
		undo_ignored(dir_fd, &ignore);
	}
	(void)unlinkat(dir_fd, JOURNAL, 0);
	(void)unlinkat(dir_fd, JOURNAL_DIR, AT_REMOVEDIR); /* stays when others use it */
	(void)dir_sync(dir_fd, ".");
	return r;
}

int files_make(struct arena *arena, int dir_fd, const struct new_file *files, size_t count,
               const char *const *ignored, const char **ret_name)
{
	sigset_t block, before;
	int r;

	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGINT);
	(void)sigaddset(&block, SIGTERM);
	(void)sigaddset(&block, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &block, &before);
	r = make_all(arena, dir_fd, files, count, ignored, ret_name);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
