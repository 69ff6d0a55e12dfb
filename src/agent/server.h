/*
 * The HTTP server behind port 80 while nothing better is there: two files of one directory.
 */
#ifndef STEAD_AGENT_SERVER_H
#define STEAD_AGENT_SERVER_H

#define SERVER_NONCE ".well-known/stead/node"
#define SERVER_PAGE "index.html"

/* Answers on LISTEN_FD (which does not block) until the process is ended: "/" SERVER_NONCE with
 * that file of DIR_FD and status 200, all else with SERVER_PAGE and 503. Budgets: 64 connections,
 * 10 s each, a request of 8 KiB. */
_Noreturn void server_run(int listen_fd, int dir_fd);

/* The same in a child: it sees nothing but the directory DIR, has no privileges, and ends with its
 * parent. Its process id, or a negative errno. CLOSE_FD is closed in it. */
int server_start(int listen_fd, int dir_fd, int close_fd);

#endif
