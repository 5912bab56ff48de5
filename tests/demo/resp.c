// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "resp.h"

#define RESP_CHUNK	(64 * 1024)
#define RESP_LINE_MAX	1024
#define RESP_BULK_MAX	(64L * 1024 * 1024)

static int grow(char **buf, size_t *cap, size_t want)
{
	size_t cap_new = *cap ? *cap : RESP_CHUNK;
	char *p;

	if (want <= *cap)
		return 0;
	while (cap_new < want)
		cap_new *= 2;
	p = realloc(*buf, cap_new);
	if (!p)
		return -ENOMEM;
	*buf = p;
	*cap = cap_new;
	return 0;
}

int resp_open(struct resp *r, const char *path, int timeout_s)
{
	struct timeval tv = { .tv_sec = timeout_s };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int err;

	memset(r, 0, sizeof(*r));
	r->fd = -1;
	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	r->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return -errno;
	if (setsockopt(r->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) ||
	    setsockopt(r->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) ||
	    connect(r->fd, (struct sockaddr *)&sun, sizeof(sun))) {
		err = -errno;
		resp_close(r);
		return err;
	}
	return 0;
}

void resp_close(struct resp *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->in);
	free(r->out);
	memset(r, 0, sizeof(*r));
	r->fd = -1;
}

int resp_encode(char **buf, size_t *len, size_t *cap, int argc,
		const char *const *argv, const size_t *argl)
{
	size_t want = *len + 32;
	int i, err;

	for (i = 0; i < argc; i++)
		want += argl[i] + 32;
	err = grow(buf, cap, want);
	if (err)
		return err;
	*len += sprintf(*buf + *len, "*%d\r\n", argc);
	for (i = 0; i < argc; i++) {
		*len += sprintf(*buf + *len, "$%zu\r\n", argl[i]);
		memcpy(*buf + *len, argv[i], argl[i]);
		*len += argl[i];
		memcpy(*buf + *len, "\r\n", 2);
		*len += 2;
	}
	return 0;
}

int resp_queue(struct resp *r, int argc, const char *const *argv,
	       const size_t *argl)
{
	return resp_encode(&r->out, &r->out_len, &r->out_cap, argc, argv, argl);
}

int resp_flush(struct resp *r)
{
	size_t done = 0;
	ssize_t n;

	while (done < r->out_len) {
		n = send(r->fd, r->out + done, r->out_len - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		done += n;
	}
	r->out_len = 0;
	return 0;
}

/* Have at least @want unread bytes in the buffer. */
static int fill(struct resp *r, size_t want)
{
	ssize_t n;
	int err;

	if (r->in_head) {
		memmove(r->in, r->in + r->in_head, r->in_tail - r->in_head);
		r->in_tail -= r->in_head;
		r->in_head = 0;
	}
	err = grow(&r->in, &r->in_cap, want + RESP_CHUNK);
	if (err)
		return err;
	while (r->in_tail < want) {
		n = recv(r->fd, r->in + r->in_tail, r->in_cap - r->in_tail, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (!n)
			return -ECONNRESET;
		r->in_tail += n;
	}
	return 0;
}

/* Length of the line at the head of the buffer, without its end. */
static int read_line(struct resp *r, size_t *len)
{
	const char *nl;
	size_t have;
	int err;

	for (;;) {
		have = r->in_tail - r->in_head;
		nl = have ? memchr(r->in + r->in_head, '\n', have) : NULL;
		if (nl)
			break;
		if (have > RESP_LINE_MAX)
			return -EPROTO;
		err = fill(r, have + 1);
		if (err)
			return err;
	}
	*len = nl - (r->in + r->in_head);
	if (*len < 2 || nl[-1] != '\r')
		return -EPROTO;
	*len -= 1;
	return 0;
}

int resp_read(struct resp *r, struct resp_reply *reply)
{
	size_t len;
	long bulk;
	int err;

	err = read_line(r, &len);
	if (err)
		return err;
	reply->type = r->in[r->in_head];
	reply->text = r->in + r->in_head + 1;
	reply->len = len - 1;
	if (reply->type != '$') {
		r->in_head += len + 2;
		return strchr("+-:", reply->type) ? 0 : -EPROTO;
	}
	bulk = strtol(reply->text, NULL, 10);
	r->in_head += len + 2;
	if (bulk < 0) {
		reply->type = 'n';
		reply->len = 0;
		return 0;
	}
	if (bulk > RESP_BULK_MAX)
		return -EPROTO;
	if (r->in_tail - r->in_head < (size_t)bulk + 2) {
		err = fill(r, bulk + 2);
		if (err)
			return err;
	}
	reply->text = r->in + r->in_head;
	reply->len = bulk;
	r->in_head += bulk + 2;
	return 0;
}
