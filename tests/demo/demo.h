/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Verbs of the demo's helper program. Results are lines "name=value" on
 * stdout; progress and errors go to stderr. Each returns an exit status.
 */
#ifndef DEMO_H
#define DEMO_H

/* client.c: what talks to the server */
int verb_stream(char **argv);
int verb_load(char **argv);
int verb_rewrite(char **argv);
int verb_verify(char **argv);
int verb_counters(char **argv);
int verb_readfaults(char **argv);

/* memory.c: what uses memory itself */
int verb_ballast(char **argv);
int verb_reader(char **argv);
int verb_resident(char **argv);

#endif
