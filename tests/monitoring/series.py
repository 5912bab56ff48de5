#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
#
# usage: series.py openmetrics|prometheus|api [FILE]
# Read a text in one of the two formats, or the answer of Prometheus to a query,
# from FILE or stdin, and print one line per series: name, labels, value. The
# parsers are those of Debian's python3-prometheus-client.
import json
import sys


def parsed(families):
    for family in families:
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def answered(text):
    for result in json.loads(text)["data"]["result"]:
        labels = {k: v for k, v in result["metric"].items()
                  if k not in ("__name__", "instance", "job")}
        yield result["metric"]["__name__"], labels, float(result["value"][1])


def series(kind, text):
    if kind == "openmetrics":
        from prometheus_client.openmetrics.parser import text_string_to_metric_families
        return parsed(text_string_to_metric_families(text))
    if kind == "prometheus":
        from prometheus_client.parser import text_string_to_metric_families
        return parsed(text_string_to_metric_families(text))
    return answered(text)


def line(name, labels, value):
    # An empty label is as good as none, and a bucket's bound is a number.
    labels = {k: str(float(v)) if k == "le" else v for k, v in labels.items() if v}
    return f"{name} {json.dumps(labels, sort_keys=True)} {float(value)}"


text = open(sys.argv[2]).read() if len(sys.argv) > 2 else sys.stdin.read()
print("\n".join(sorted(line(*s) for s in series(sys.argv[1], text))))
