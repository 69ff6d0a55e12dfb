/* What the agent reads about a machine: os-release, versions, package lists, listening ports. */
#include <string.h>

#include "agent/os.h"
#include "agent/ports.h"
#include "agent/software.h"
#include "base/arena.h"
#include "base/text.h"

#include "tap.h"

static void test_release(struct arena *arena)
{
	struct os_release os;

	os_release_parse(arena,
	                 "# a comment\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"
	                 "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"13\"\nID=debian\n",
	                 &os);
	is_str(os.id, "debian", "debian's id");
	is_str(os.version, "13", "its version, quoted");
	is_str(os.name, "Debian GNU/Linux 13 (trixie)", "its name");
	is_int((long long)os.like.count, 0, "it is like nothing else");
	ok(os_is_like(&os, "debian") && !os_is_like(&os, "fedora"), "but like itself");

	os_release_parse(arena, "ID=\"rocky\"\nID_LIKE='rhel  centos fedora'\nVARIANT_ID=x", &os);
	is_int((long long)os.like.count, 3, "rocky is like three");
	ok(os_is_like(&os, "fedora"), "fedora among them");
	is_str(os.variant, "x", "a last line without its end");
	is_str(os.version, NULL, "nothing is left of another file");

	os_release_parse(arena, "ID=a\\\"b\nPRETTY_NAME=\"x \\$y \\\"z\\\"\"\nVERSION_ID='1\\2'\n",
	                 &os);
	is_str(os.id, "a\"b", "an escape");
	is_str(os.name, "x $y \"z\"", "escapes in quotes");
	is_str(os.version, "1\\2", "no escape in single quotes");
	os_release_parse(arena, "ID=\nIDX=no\n ID=no\nPRETTY_NAME=\"a\xff\033[1m\"\n", &os);
	is_str(os.id, "", "an empty value, and no other keys");
	is_str(os.name, "a? [1m", "no control characters, only UTF-8");
}

static void test_versions(struct arena *arena)
{
	static const struct {
		const char *text, *version;
	} rows[] = {
		{ "podman version 5.4.2\n", "5.4.2" },
		{ "Docker version 26.1.5+dfsg1, build a72d7cd", "26.1.5" },
		{ "systemd 257 (257.9-1~deb13u1)\n+PAM", "257" },
		{ "5:20.10.24+dfsg1-1", "20.10.24" },
		{ "v2.0.", "2.0" },
		{ "28.2.2\n", "28.2.2" },
		{ "x86 (none)", NULL },
		{ "", NULL },
		{ "1:", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		is_str(os_version_in(arena, rows[i].text), rows[i].version, "version number %zu",
		       i);
	is_int(os_version_major("5.4.2"), 5, "the major one");
	is_int(os_version_major("99999999999999999999"), 999999, "of any length");
}

static void test_apt(struct arena *arena)
{
	static const char policy[] = "podman:\n  Installed: (none)\n  Candidate: 5.4.2+ds1-2+b2\n"
				     "  Version table:\n     5.4.2+ds1-2+b2 500\n"
				     "docker.io:\n  Installed: (none)\n  Candidate: (none)\n";

	is_str(os_apt_candidate(arena, policy, "podman"), "5.4.2", "a candidate");
	is_str(os_apt_candidate(arena, policy, "docker.io"), NULL, "no candidate");
	is_str(os_apt_candidate(arena, policy, "docker"), NULL, "another's is not its own");
	is_str(os_apt_candidate(arena, "", "podman"), NULL, "a package nobody knows");
}

static void test_firewall_files(struct arena *arena)
{
	static const char empty[] = "#!/usr/sbin/nft -f\nflush ruleset\ntable inet filter {\n"
				    "\tchain input {\n\t\ttype filter hook input priority filter;\n"
				    "\t} # drop nothing\n}\n";

	ok(!os_nft_restricts(empty), "Debian's own file is in nobody's way");
	ok(os_nft_restricts("chain input { policy drop; }"), "a policy is");
	ok(os_nft_restricts("x\n\ttcp dport 1 reject\n"), "a rule is");
	ok(os_nft_restricts("include \"/etc/nftables/main.nft\""), "what else it reads may be");
	ok(!os_nft_restricts("counter name raindrop accept"), "a word inside another is not");
	ok(os_is_yes(arena, "# x\nENABLED=yes\nLOGLEVEL=low\n", "ENABLED"), "ufw is on");
	ok(!os_is_yes(arena, "ENABLED=no\n", "ENABLED"), "ufw is off");
	ok(!os_is_yes(arena, "", "ENABLED"), "nothing said");
}

static const struct port *port_of(const struct ports *ports, unsigned number, const char *address)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i].number == number && str_equal(ports->items[i].address, address))
			return &ports->items[i];
	return NULL;
}

/* As Linux 6.1 writes them, on a machine whose words have the low byte first. */
static void test_ports(struct arena *arena)
{
	static const char tcp[] = "  sl  local_address rem_address   st tx_queue rx_queue tr "
				  "tm->when retrnsmt   uid  "
				  "timeout inode\n"
				  "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 "
				  "00:00000000 00000000     0    "
				  "    0 12345 1 0000000000000000 100 0 0 10 0\n"
				  "   1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 "
				  "00:00000000 00000000     0    "
				  "    0 12346 1 0000000000000000 20 4 30 10 -1\n"
				  "   2: 0100007F:C351 0100007F:1F90 0A 0 0 0 0 0 0\n";
	static const char tcp6[] =
		"   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 "
		"0A "
		"00000000:00000000 00:00000000 00000000     0        0 777 1 0 100 0 0 10 0\n"
		"   1: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 "
		"0A "
		"00000000:00000000 00:00000000 00000000     0        0 778 1 0 100 0 0 10 0\n";
	static const char udp[] = "  74: 00000000:0044 00000000:0000 07 00000000:00000000 "
				  "00:00000000 00000000     0    "
				  "    0 99 2 0000000000000000 0\n"
				  "  75: 00000000:0045 01010101:0035 01 00000000:00000000 "
				  "00:00000000 00000000     0    "
				  "    0 98 2 0000000000000000 0\n";
	struct ports ports = { 0 };

	ports_parse(arena, tcp, "tcp", &ports);
	is_int((long long)ports.count, 1, "what is connected, or cut short, is left out");
	ok(port_of(&ports, 8080, "127.0.0.1") != NULL &&
	           port_of(&ports, 8080, "127.0.0.1")->inode == 12345,
	   "address, port and inode");
	ports_parse(arena, tcp6, "tcp", &ports);
	ok(port_of(&ports, 22, "::") != NULL, "all of IPv6");
	ok(port_of(&ports, 443, "2001:db8::1") != NULL, "one of IPv6");
	ports_parse(arena, udp, "udp", &ports);
	ok(port_of(&ports, 68, "0.0.0.0") != NULL && port_of(&ports, 69, "0.0.0.0") == NULL,
	   "udp waits for all, or has one partner");
	is_int((long long)ports.count, 4, "and nothing else");
}

static void test_packages(void)
{
	struct os_release debian = { .id = "debian", .version = "12" },
			  rocky = { .id = "rocky", .version = "9.5" }, other = { .id = "arch" };
	struct arena *arena = arena_new();

	*list_add(arena, &rocky.like) = "rhel";
	*list_add(arena, &rocky.like) = "fedora";
	is_str(software_family(&debian), "debian", "debian's family");
	is_str(software_family(&rocky), "rhel", "rocky's family");
	is_str(software_family(&other), NULL, "no family");
	is_str(software_packages(&debian, "docker")[0], "docker.io", "docker on debian");
	ok(software_packages(&rocky, "docker") == NULL, "no docker on rocky");
	ok(software_packages(&other, "podman") == NULL, "nothing where there is no family");
	is_str(software_known_version(&debian, "podman"), "4.3.1", "what a release is known for");
	is_str(software_known_version(&other, "podman"), NULL, "an unknown one");
	arena_free(arena);
}

int main(void)
{
	cleanup_arena struct arena *arena = arena_new();

	test_release(arena);
	test_versions(arena);
	test_apt(arena);
	test_firewall_files(arena);
	test_ports(arena);
	test_packages();
	return tap_done();
}
