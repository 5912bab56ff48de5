# SPDX-License-Identifier: GPL-2.0
# What single tests need besides the rules of the Makefile.

# Policies that the tests in the VM attach, or see refused.
vm_bpf += $(patsubst %.bpf.c,$(B)/%.bpf.o,$(wildcard tests/vm/policies/*.bpf.c))
