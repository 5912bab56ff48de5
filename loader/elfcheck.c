// SPDX-License-Identifier: GPL-2.0
/*
 * Is this file a BPF object at all?  libbpf would refuse what is refused
 * here, too, but without telling a shell script from a truncated download or
 * from an object that was built for the host.
 *
 * Nothing in the file is trusted: every offset is checked against its size.
 */
#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "elfcheck.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define HOST_DATA	ELFDATA2LSB
#define HOST_ORDER	"little-endian"
#define OTHER_ORDER	"big-endian"
#define HOST_TARGET	"bpfel"
#else
#define HOST_DATA	ELFDATA2MSB
#define HOST_ORDER	"big-endian"
#define OTHER_ORDER	"little-endian"
#define HOST_TARGET	"bpfeb"
#endif

/* Also of a section that takes no room in the file. */
#define SECTION_MAX	(1UL << 30)

static const char hint_compile[] =
	"Compile the policy as docs/write-a-policy.md says: clang -target bpf -g -O2 -I ... -c.";
static const char hint_copy[] = "Build or copy it again.";

static const struct {
	unsigned int machine;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },	{ EM_X86_64, "x86-64" },
	{ EM_ARM, "arm" },	{ EM_AARCH64, "arm64" },
	{ EM_PPC64, "ppc64" },	{ EM_S390, "s390" },
	{ EM_RISCV, "riscv" },
};

static const char *machine_name(unsigned int machine)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "another machine";
}

static bool in_file(uint64_t off, uint64_t len, size_t size)
{
	return off <= size && len <= size - off;
}

static int check_header(const Elf64_Ehdr *eh, size_t size, struct failure *f)
{
	if (!size)
		return fail(f, -EINVAL, hint_copy, "the file is empty, not a BPF object");
	if (size < SELFMAG || memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return fail(f, -EINVAL, hint_compile,
			    "it is not an ELF file");
	if (size < sizeof(*eh))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (%zu bytes, not even its header)",
			    size);
	/* e_machine and e_type lie at the same place in both ELF classes. */
	if (eh->e_ident[EI_DATA] != HOST_DATA) {
		uint16_t machine = __builtin_bswap16(eh->e_machine);

		if (machine != EM_BPF)
			return fail(f, -EINVAL, hint_compile,
				    "it is an ELF file for %s, not a BPF object",
				    machine_name(machine));
		return fail(f, -EINVAL,
			    "Compile it with \"-target bpf\" on this machine, or with \"-target " HOST_TARGET "\".",
			    "it was built for a " OTHER_ORDER " machine, this one is "
			    HOST_ORDER);
	}
	if (eh->e_machine != EM_BPF)
		return fail(f, -EINVAL, hint_compile,
			    "it is an ELF file for %s, not a BPF object",
			    machine_name(eh->e_machine));
	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return fail(f, -EINVAL, hint_compile,
			    "it is not a 64-bit ELF file");
	if (eh->e_type != ET_REL)
		return fail(f, -EINVAL,
			    "Compile it with \"-c\" and do not link it.",
			    "it is not a relocatable object (ELF type %u)",
			    eh->e_type);
	return 0;
}

/**
 * struct names - the table of the sections' names
 * @text: the table
 * @size: of @text
 */
struct names {
	const char *text;
	uint64_t size;
};

/* A section's name, or NULL when it does not end inside the string table. */
static const char *name_at(const struct names *n, uint32_t off)
{
	if (off >= n->size || !memchr(n->text + off, '\0', n->size - off))
		return NULL;
	return n->text + off;
}

/* Section header @i of a file whose header and table were checked. */
static Elf64_Shdr header_at(const void *data, const Elf64_Ehdr *eh,
			    unsigned int i)
{
	Elf64_Shdr sh;

	memcpy(&sh, (const char *)data + eh->e_shoff + (size_t)i * sizeof(sh),
	       sizeof(sh));
	return sh;
}

static struct names names_of(const void *data, const Elf64_Ehdr *eh)
{
	Elf64_Shdr sh = header_at(data, eh, eh->e_shstrndx);

	return (struct names){ (const char *)data + sh.sh_offset, sh.sh_size };
}

static int check_table(const void *data, size_t size, const Elf64_Ehdr *eh,
		       struct failure *f)
{
	uint64_t len = (uint64_t)eh->e_shnum * sizeof(Elf64_Shdr);
	Elf64_Shdr sh;

	if (!eh->e_shnum || eh->e_shentsize != sizeof(Elf64_Shdr) ||
	    eh->e_shstrndx >= eh->e_shnum)
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is damaged (no section table)");
	if (!in_file(eh->e_shoff, len, size))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (section table ends at byte %llu of %zu)",
			    (unsigned long long)(eh->e_shoff + len), size);
	sh = header_at(data, eh, eh->e_shstrndx);
	if (!in_file(sh.sh_offset, sh.sh_size, size))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (its section names are missing)");
	return 0;
}

static int check_section(const struct names *names, unsigned int i,
			 const Elf64_Shdr *sh, size_t size, struct failure *f)
{
	const char *name = name_at(names, sh->sh_name);

	if (!name)
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is damaged (name of section %u)", i);
	if (sh->sh_type != SHT_NOBITS &&
	    !in_file(sh->sh_offset, sh->sh_size, size))
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is truncated (section %s ends at byte %llu of %zu)",
			    name,
			    (unsigned long long)(sh->sh_offset + sh->sh_size),
			    size);
	if (sh->sh_size > SECTION_MAX)
		return fail(f, -EINVAL, hint_copy,
			    "the ELF file is damaged (section %s is larger than any of a policy)",
			    name);
	return 0;
}

/*
 * libbpf takes the offset of a variable in its section from the symbol, adds
 * the size, and does not see when 32 bits are not enough for the sum.
 */
static int check_symbol(const void *data, const Elf64_Ehdr *eh,
			const Elf64_Sym *sym, uint64_t i, struct failure *f)
{
	Elf64_Shdr sh;

	if (ELF64_ST_TYPE(sym->st_info) != STT_OBJECT)
		return 0;
	if (sym->st_shndx < eh->e_shnum) {
		sh = header_at(data, eh, sym->st_shndx);
		if (in_file(sym->st_value, sym->st_size, sh.sh_size))
			return 0;
	}
	return fail(f, -EINVAL, hint_copy,
		    "the ELF file is damaged (symbol %llu lies outside its section)",
		    (unsigned long long)i);
}

static int check_symbols(const void *data, const Elf64_Ehdr *eh,
			 const Elf64_Shdr *table, struct failure *f)
{
	const char *p = (const char *)data + table->sh_offset;
	uint64_t i, nr = table->sh_size / sizeof(Elf64_Sym);
	Elf64_Sym sym;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		memcpy(&sym, p + i * sizeof(sym), sizeof(sym));
		err = check_symbol(data, eh, &sym, i, f);
	}
	return err;
}

static int check_sections(const void *data, size_t size, const Elf64_Ehdr *eh,
			  struct failure *f)
{
	struct names names = names_of(data, eh);
	Elf64_Shdr sh;
	unsigned int i;
	int err = 0;

	for (i = 1; i < eh->e_shnum && !err; i++) {
		sh = header_at(data, eh, i);
		err = check_section(&names, i, &sh, size, f);
		if (!err && sh.sh_type == SHT_SYMTAB)
			err = check_symbols(data, eh, &sh, f);
	}
	return err;
}

/**
 * elf_section - find the next section of a name
 * @data: a file that passed elf_check()
 * @name: the name
 * @pos: 0 before the first call
 * @sh: its header
 *
 * Return: is there one?
 */
bool elf_section(const void *data, const char *name, unsigned int *pos,
		 Elf64_Shdr *sh)
{
	struct names names;
	Elf64_Ehdr eh;

	memcpy(&eh, data, sizeof(eh));
	names = names_of(data, &eh);
	while (++*pos < eh.e_shnum) {
		*sh = header_at(data, &eh, *pos);
		if (!strcmp(name_at(&names, sh->sh_name), name))
			return true;
	}
	return false;
}

/* How many sections of this name hold something? */
static unsigned int count(const void *data, const char *name)
{
	unsigned int pos = 0, nr = 0;
	Elf64_Shdr sh;

	while (elf_section(data, name, &pos, &sh))
		nr += !!sh.sh_size;
	return nr;
}

/* What every policy has. */
static int check_parts(const void *data, struct failure *f)
{
	if (!count(data, ".BTF"))
		return fail(f, -EINVAL,
			    "Compile it with -g, and do not strip the section .BTF.",
			    "the object has no BTF");
	if (count(data, ".struct_ops.link"))
		return 0;
	if (count(data, ".struct_ops"))
		return fail(f, -EINVAL,
			    "Put the struct node_device_ops into SEC(\".struct_ops.link\").",
			    "its struct_ops is in section .struct_ops, which cannot be attached to a node by a link");
	return fail(f, -EINVAL,
		    "A policy has one struct node_device_ops in SEC(\".struct_ops.link\").",
		    "the object has no struct_ops");
}

/**
 * elf_check - check that a file is a BPF object with what a policy needs
 * @data: the file; need not be aligned
 * @size: of the file
 * @f: why not
 *
 * Return: 0 or -EINVAL.
 */
int elf_check(const void *data, size_t size, struct failure *f)
{
	Elf64_Ehdr eh = {};
	int err;

	memcpy(&eh, data, size < sizeof(eh) ? size : sizeof(eh));
	err = check_header(&eh, size, f);
	if (!err)
		err = check_table(data, size, &eh, f);
	if (!err)
		err = check_sections(data, size, &eh, f);
	return err ?: check_parts(data, f);
}
