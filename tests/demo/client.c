// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "dataset.h"
#include "demo.h"
#include "pages.h"
#include "resp.h"

#define REPLY_TIMEOUT	60	/* seconds; an emulated machine may be slow */
#define LOAD_BATCH	8
#define VERIFY_BATCH	32
#define PROGRESS_EVERY	5	/* seconds */
#define FAILURES_MAX	100
#define MESSAGES_MAX	10

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* True every PROGRESS_EVERY seconds. */
static int progress_due(double *last)
{
	double t = now();

	if (t - *last < PROGRESS_EVERY)
		return 0;
	*last = t;
	return 1;
}

static int connect_server(struct resp *r, const char *path)
{
	int err = resp_open(r, path, REPLY_TIMEOUT);

	if (err)
		fprintf(stderr, "demo: %s: %s\n", path, strerror(-err));
	return err;
}

/* The SET commands of the whole data set, for `redis-cli --pipe`. */
int verb_stream(char **argv)
{
	char key[DATASET_KEY_LEN + 1], value[DATASET_VALUE_MAX];
	double start = now(), last = start;
	size_t argl[3] = { 3, DATASET_KEY_LEN };
	const char *words[3] = { "SET", key, value };
	size_t len, cap = 0;
	uint64_t i, bytes = 0;
	struct dataset ds;
	char *buf = NULL;
	int rc = 1;

	if (dataset_create(&ds, argv[0], argv[1]))
		return 1;
	for (i = 0; i < ds.j->nr; i++) {
		if (dataset_source(&ds, i, value))
			goto out;
		dataset_key(key, i);
		argl[2] = ds.j->entry[i].len;
		len = 0;
		if (resp_encode(&buf, &len, &cap, 3, words, argl) ||
		    fwrite(buf, 1, len, stdout) != len) {
			perror("demo: sending the data set");
			goto out;
		}
		bytes += ds.j->entry[i].len;
		if (progress_due(&last))
			fprintf(stderr, "  ... %.0f s: %llu of %llu MiB sent\n",
				now() - start, (unsigned long long)bytes >> 20,
				(unsigned long long)ds.j->bytes >> 20);
	}
	if (fflush(stdout))
		perror("demo: sending the data set");
	else
		rc = 0;
out:
	free(buf);
	dataset_close(&ds);
	return rc;
}

static int queue_get(struct resp *r, uint64_t i)
{
	char key[DATASET_KEY_LEN + 1];
	const char *words[2] = { "GET", key };
	size_t argl[2] = { 3, DATASET_KEY_LEN };

	dataset_key(key, i);
	return resp_queue(r, 2, words, argl);
}

/* Overwrite the start of the value, in the memory where it is. */
static int queue_rewrite(struct resp *r, uint64_t i, uint32_t rev)
{
	char key[DATASET_KEY_LEN + 1], mark[DATASET_MARK_LEN + 1];
	const char *words[4] = { "SETRANGE", key, "0", mark };
	size_t argl[4] = { 8, DATASET_KEY_LEN, 1, DATASET_MARK_LEN };

	dataset_key(key, i);
	dataset_mark(mark, rev);
	return resp_queue(r, 4, words, argl);
}

struct request {
	uint64_t i;
	uint32_t rev;		/* what the answer must show or has written */
	int set;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Seven reads for one write; most requests go to a tenth of the keys. */
static void choose(struct dataset *ds, uint64_t *state, struct request *rq)
{
	uint64_t x = next_random(state), nr = ds->j->nr;

	rq->i = (x >> 8) % nr;
	if (x & 0x70)
		rq->i = rq->i / 10 * 10;
	rq->set = (x & 7) == 0;
	if (rq->set)
		ds->j->entry[rq->i].rev++;
	rq->rev = ds->j->entry[rq->i].rev;
}

static void judge(struct dataset *ds, const struct request *rq,
		  const struct resp_reply *reply)
{
	struct dataset_counters *c = &ds->j->load;

	if (reply->type == '-' || reply->type == 'n') {
		if (c->failed++ < MESSAGES_MAX)
			fprintf(stderr, "demo: request for value %llu: %.*s\n",
				(unsigned long long)rq->i,
				reply->type == 'n' ? 11 : (int)reply->len,
				reply->type == 'n' ? "no such key" : reply->text);
	} else if (rq->set) {
		c->sets++;
		if (reply->type != ':' || strtoul(reply->text, NULL, 10) !=
					  ds->j->entry[rq->i].len)
			c->different++;
	} else {
		c->gets++;
		if (!dataset_plausible(ds, rq->i, rq->rev, reply->text,
				       reply->len))
			c->different++;
	}
}

static int load_batch(struct dataset *ds, struct resp *r, uint64_t *state)
{
	struct request rq[LOAD_BATCH];
	struct resp_reply reply;
	int err = 0, n, answered = 0;

	for (n = 0; n < LOAD_BATCH && !err; n++) {
		choose(ds, state, &rq[n]);
		err = rq[n].set ? queue_rewrite(r, rq[n].i, rq[n].rev) :
				  queue_get(r, rq[n].i);
	}
	if (!err)
		err = resp_flush(r);
	while (!err && answered < LOAD_BATCH) {
		err = resp_read(r, &reply);
		if (!err)
			judge(ds, &rq[answered++], &reply);
	}
	if (err) {
		ds->j->load.failed += LOAD_BATCH - answered;
		fprintf(stderr, "demo: connection: %s\n", strerror(-err));
	}
	return err;
}

static void print_counters(const struct dataset_counters *c)
{
	printf("served=%llu\ngets=%llu\nsets=%llu\nfailed=%llu\ndifferent=%llu\n",
	       (unsigned long long)(c->gets + c->sets),
	       (unsigned long long)c->gets, (unsigned long long)c->sets,
	       (unsigned long long)c->failed,
	       (unsigned long long)c->different);
}

/* Mixed requests until SIGTERM or the time is over. */
int verb_load(char **argv)
{
	double end = now() + atof(argv[2]);
	uint64_t state = 0x2545f4914f6cdd1dULL;
	struct dataset ds;
	struct resp r;
	int err;

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (dataset_open(&ds, argv[0], NULL))
		return 1;
	memset(&ds.j->load, 0, sizeof(ds.j->load));
	err = connect_server(&r, argv[1]);
	while (!stop && now() < end) {
		if (err) {
			if (++ds.j->load.failed > FAILURES_MAX)
				break;
			usleep(200 * 1000);
			resp_close(&r);
			err = connect_server(&r, argv[1]);
			continue;
		}
		err = load_batch(&ds, &r, &state);
	}
	resp_close(&r);
	print_counters(&ds.j->load);
	err = ds.j->load.failed || ds.j->load.different;
	dataset_close(&ds);
	return !!err;
}

int verb_counters(char **argv)
{
	struct dataset ds;

	if (dataset_open(&ds, argv[0], NULL))
		return 1;
	printf("values=%llu\nbytes=%llu\n", (unsigned long long)ds.j->nr,
	       (unsigned long long)ds.j->bytes);
	print_counters(&ds.j->load);
	dataset_close(&ds);
	return 0;
}

/* Write to COUNT values, spread evenly over the data set. */
int verb_rewrite(char **argv)
{
	uint64_t count = strtoull(argv[2], NULL, 10), n, i, failed = 0;
	struct resp_reply reply;
	struct dataset ds;
	struct resp r;
	int err;

	if (dataset_open(&ds, argv[0], NULL))
		return 1;
	if (count > ds.j->nr)
		count = ds.j->nr;
	err = connect_server(&r, argv[1]);
	for (n = 0; n < count && !err; n++) {
		i = n * ds.j->nr / count;
		err = queue_rewrite(&r, i, ++ds.j->entry[i].rev);
		if (!err)
			err = resp_flush(&r);
		if (!err)
			err = resp_read(&r, &reply);
		if (!err && reply.type != ':')
			failed++;
	}
	if (err)
		fprintf(stderr, "demo: writing values: %s\n", strerror(-err));
	printf("rewritten=%llu\nfailed=%llu\n", (unsigned long long)n,
	       (unsigned long long)failed);
	resp_close(&r);
	dataset_close(&ds);
	return err || failed;
}

/* Read everything back; 0 if all could be asked for. */
static int verify_all(struct dataset *ds, struct resp *r, const char *what,
		      uint64_t *different)
{
	double start = now(), last = start;
	char expect[DATASET_VALUE_MAX];
	struct resp_reply reply;
	uint64_t i, k, n;
	int err = 0;

	*different = 0;
	for (i = 0; i < ds->j->nr && !err; i += n) {
		n = ds->j->nr - i < VERIFY_BATCH ? ds->j->nr - i : VERIFY_BATCH;
		for (k = 0; k < n && !err; k++)
			err = queue_get(r, i + k);
		if (!err)
			err = resp_flush(r);
		for (k = 0; k < n && !err; k++) {
			err = resp_read(r, &reply);
			if (!err)
				err = dataset_expect(ds, i + k, expect);
			if (err)
				break;
			if (reply.type == '$' &&
			    reply.len == ds->j->entry[i + k].len &&
			    !memcmp(reply.text, expect, reply.len))
				continue;
			if (++*different <= MESSAGES_MAX)
				fprintf(stderr,
					"demo: value %llu is not what was written\n",
					(unsigned long long)(i + k));
		}
		if (progress_due(&last))
			fprintf(stderr, "  ... %.0f s: %s %llu of %llu values\n",
				now() - start, what, (unsigned long long)i,
				(unsigned long long)ds->j->nr);
	}
	if (err)
		fprintf(stderr, "demo: reading values back: %s\n",
			strerror(-err));
	return err;
}

int verb_verify(char **argv)
{
	uint64_t different = 0;
	struct dataset ds;
	struct resp r;
	int err;

	if (dataset_open(&ds, argv[0], argv[1]))
		return 1;
	err = connect_server(&r, argv[2]);
	if (!err)
		err = verify_all(&ds, &r, "compared", &different);
	if (!err)
		printf("compared=%llu\ndifferent=%llu\n",
		       (unsigned long long)ds.j->nr,
		       (unsigned long long)different);
	resp_close(&r);
	dataset_close(&ds);
	return err || different;
}

/*
 * Read everything through the server while the kernel records the server's
 * page faults; count those that a read of a page on the node took.
 */
int verb_readfaults(char **argv)
{
	struct page_set before = { 0 }, after = { 0 };
	pid_t pid = atoi(argv[3]);
	int nid = atoi(argv[4]);
	struct fault_counts faults;
	uint64_t different = 0;
	struct dataset ds;
	size_t i, stay = 0;
	struct resp r;
	int err;

	if (dataset_open(&ds, argv[0], argv[1]))
		return 1;
	err = connect_server(&r, argv[2]);
	if (err)
		goto out;
	err = pages_on_node(pid, nid, &before);
	if (err)
		goto out;
	err = pages_trace_start(pid);
	if (err)
		goto out;
	err = verify_all(&ds, &r, "read", &different);
	if (pages_trace_stop(&before, &faults))
		err = -EIO;
	if (!err)
		err = pages_on_node(pid, nid, &after);
	if (err)
		goto out;
	for (i = 0; i < before.nr; i++)
		stay += pages_contain(&after, before.addr[i]);
	printf("pages=%zu\nstayed=%zu\nreadfaults=%zu\nwritefaults=%zu\n"
	       "otherfaults=%zu\nread=%llu\ndifferent=%llu\n",
	       before.nr, stay, faults.reads_on_set, faults.writes_on_set,
	       faults.elsewhere, (unsigned long long)ds.j->nr,
	       (unsigned long long)different);
out:
	pages_free(&before);
	pages_free(&after);
	resp_close(&r);
	dataset_close(&ds);
	return err ? 1 : 0;
}
