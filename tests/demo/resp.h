/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The few words of Redis' protocol (RESP 2) that the demo speaks.
 */
#ifndef DEMO_RESP_H
#define DEMO_RESP_H

#include <stddef.h>

/* Connection with one buffer each way; requests may be pipelined. */
struct resp {
	int fd;
	char *in;
	size_t in_head, in_tail, in_cap;
	char *out;
	size_t out_len, out_cap;
};

/* A reply; @text points into the connection, valid until the next read. */
struct resp_reply {
	char type;		/* '+', '-', ':' or '$'; 'n' = no such key */
	const char *text;
	size_t len;
};

/**
 * resp_open() - connect to the server's unix socket
 * @r: connection to set up
 * @path: the socket
 * @timeout_s: longest wait for one reply
 *
 * Return: 0 or a negative errno.
 */
int resp_open(struct resp *r, const char *path, int timeout_s);

/** resp_close() - end the connection; @r may be opened again */
void resp_close(struct resp *r);

/**
 * resp_encode() - one command in wire format, appended to a buffer
 * @buf: grows as needed; @len and @cap describe it
 * @argc: number of words
 * @argv: the words
 * @argl: their lengths
 *
 * Return: 0 or -ENOMEM.
 */
int resp_encode(char **buf, size_t *len, size_t *cap, int argc,
		const char *const *argv, const size_t *argl);

/** resp_queue() - add one command to the next flush; 0 or -ENOMEM */
int resp_queue(struct resp *r, int argc, const char *const *argv,
	       const size_t *argl);

/** resp_flush() - send what is queued; 0 or a negative errno */
int resp_flush(struct resp *r);

/** resp_read() - wait for one reply; 0 or a negative errno */
int resp_read(struct resp *r, struct resp_reply *reply);

#endif
