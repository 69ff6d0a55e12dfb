/*
 * One function per command; main.c holds the table.
 */
#ifndef STEAD_CMD_COMMANDS_H
#define STEAD_CMD_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_program stead_program;

int cmd_init(struct cli *cli);
int cmd_import(struct cli *cli);
int cmd_check(struct cli *cli);
int cmd_lock(struct cli *cli);
int cmd_render(struct cli *cli);
int cmd_explain(struct cli *cli);
int cmd_graph(struct cli *cli);
int cmd_diff(struct cli *cli);
int cmd_up(struct cli *cli);
int cmd_down(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_space(struct cli *cli);
int cmd_ssh(struct cli *cli);
int cmd_logs(struct cli *cli);
int cmd_open(struct cli *cli);
int cmd_adopt(struct cli *cli);
int cmd_kit(struct cli *cli);
int cmd_mail(struct cli *cli);
int cmd_ca(struct cli *cli);
int cmd_maintenance(struct cli *cli);
int cmd_app(struct cli *cli);
int cmd_app_list(struct cli *cli);
int cmd_app_show(struct cli *cli);
int cmd_app_new(struct cli *cli);
int cmd_app_check(struct cli *cli);
int cmd_providers(struct cli *cli);
int cmd_schema(struct cli *cli);
int cmd_destroy(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_completion(struct cli *cli);
int cmd_manual(struct cli *cli);
int cmd_parse(struct cli *cli);

#endif
