/*
 * The node as a picture: networks, processes, volumes, ports, order. A target like the others: it
 * reads a frozen node and returns an output whose lines carry their origin.
 */
#ifndef STEAD_GRAPH_GRAPH_H
#define STEAD_GRAPH_GRAPH_H

#include "node/node.h"
#include "output/output.h"

/* A tree to read on a terminal. */
struct output *graph_text(const struct node *node);

/* The language of graphviz (its "DOT Language" page). The same node gives the same bytes. */
struct output *graph_dot(const struct node *node);

/* -- what both forms share (order.c) -- */

/* The processes of one group, those that wait for others behind them; else in the order of the
 * definition. */
struct graph_processes {
	LIST_OF(const struct node_process *);
};
struct graph_processes graph_order(const struct node *node, enum node_group group);

/* "tcp/443", as the settings write it. */
const char *graph_port(struct arena *arena, unsigned port, bool udp);

/* "tcp/9000", "udp/5000-5010", "tcp/9000 from 192.0.2.0/24" */
const char *graph_open(struct arena *arena, const struct node_open *open);

/* "setup: init, configure" */
const char *graph_job(struct arena *arena, const struct node_job *job);

/* A job that the application's processes wait for; the others wait for them. */
bool graph_is_before_start(const struct node_job *job);

#endif
