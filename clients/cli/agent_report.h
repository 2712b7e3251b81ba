// SPDX-License-Identifier: Apache-2.0
// What keyfobd wrote to standard error before it ended, as an error of ours.
#ifndef CLIENTS_CLI_AGENT_REPORT_H
#define CLIENTS_CLI_AGENT_REPORT_H

#include "clients/c/keyfob.h"

// Sets *error (KEYFOB_NO_AGENT) from lines "keyfobd: …" and "hint: …" of `report`: the first fault with its hint, and
// how many more there are. Other text is taken as it is; where there is none, the error names the log.
void agent_report_read(const char *report, const char *program, const char *log, struct keyfob_error *error);

#endif
