/*
 * What a command costs: wall time and CPU in ms, peak memory in KiB.
 *
 *     measure COMMAND [ARGUMENT…]
 *
 * Its output goes nowhere. A program of its own, because a child's peak memory begins with that of
 * who forked it, and an interpreter's is larger than stead's. Ends with the command's exit status.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cost {
	double wall_ms, cpu_ms, rss_kib;
};

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static _Noreturn void become(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		(void)dup2(null, fd);
	(void)execv(argv[0], argv);
	_exit(127);
}

static int run(char **argv, struct cost *ret)
{
	double begin = now_ms();
	struct rusage usage;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		become(argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 127;
	*ret = (struct cost){ now_ms() - begin, ms(usage.ru_utime) + ms(usage.ru_stime),
		              (double)usage.ru_maxrss };
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	struct cost cost;
	int status = argc > 1 ? run(argv + 1, &cost) : 2;

	if (status == 0)
		(void)printf("%.2f %.2f %.0f\n", cost.wall_ms, cost.cpu_ms, cost.rss_kib);
	return status;
}
