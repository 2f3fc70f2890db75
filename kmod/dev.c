// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/vexj. What it offers is specified in vexj.h, under THE DEVICE. Every
 * structure comes over in one copy and is checked as a whole; a descriptor in the
 * wrong hands can do what its permissions say, and nothing else.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "params.h"
#include "ringfd.h"
#include "run.h"

/* At most so much of one write(2) is looked at; the rest is for the next. */
#define WRITE_MAX (4 * VEXJ_RECORD_MAX)
#define PEEK_MAX VEXJ_DEV_RING_MAX

static DEFINE_MUTEX(run_lock);
/* The last run, under way or not; who consumes it; and how many there were. */
static struct vexj_run *run;
static struct file *consumer;
static u32 runs;

static bool may_look(const struct file *file) { return file->f_mode & FMODE_READ; }

static void fill_info(struct vexj_dev_info *i)
{
	*i = (struct vexj_dev_info){
		.version = VEXJ_DEV_VERSION,
		.producer = VEXJ_PRODUCER_KMOD,
		.cpus = nr_cpu_ids,
		.ring_bytes = vexj_params_sizes()->ring_bytes,
		.watermark = vexj_params_sizes()->watermark,
		.deadline_ms = vexj_params_sizes()->deadline_ms,
		.runs = runs,
		.contexts = vexj_context_count(),
		.followed = vexj_followed_count(),
	};
	vexj_hook_count(&i->hooks_placed, &i->hooks_missing);
	if (!run)
		return;
	i->id_base = run->id_base;
	i->global_sequence = atomic64_read(&run->global_sequence);
	i->visibility = run->visibility;
	if (!consumer)
		return;
	i->consumer = pid_vnr(run->consumer);
	memcpy(i->comm, run->comm, sizeof(i->comm));
	i->ring_bytes = run->ring_bytes;
	i->watermark = run->watermark;
	i->deadline_ms = run->deadline_ms;
}

static long do_info(struct file *file, void __user *arg)
{
	struct vexj_dev_info info;

	mutex_lock(&run_lock);
	fill_info(&info);
	mutex_unlock(&run_lock);
	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static long begin_run(struct file *file, struct vexj_dev_consume *c)
{
	struct vexj_sizes sizes = *vexj_params_sizes();
	struct vexj_run *new;

	if (c->ring_bytes) {
		sizes.ring_bytes = c->ring_bytes;
		/* The parameter's may not fit the ring that is asked for. */
		if (!c->watermark)
			sizes.watermark = min_t(u64, sizes.watermark, c->ring_bytes / 4);
	}
	if (c->watermark)
		sizes.watermark = c->watermark;
	if (c->deadline_ms)
		sizes.deadline_ms = c->deadline_ms;
	if (consumer)
		return -EBUSY;
	new = vexj_run_begin(&sizes, c->visibility ? c->visibility : ~0ull);
	if (IS_ERR(new))
		return PTR_ERR(new);
	vexj_run_free(run);
	run = new;
	runs++;
	consumer = file;
	c->ring_bytes = run->ring_bytes;
	c->watermark = run->watermark;
	c->deadline_ms = run->deadline_ms;
	c->cpus = nr_cpu_ids;
	c->visibility = run->visibility;
	c->id_base = run->id_base;
	return 0;
}

static long do_consume(struct file *file, void __user *arg)
{
	struct vexj_dev_consume c;
	long err;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	if (c.flags || c.cpus || c.id_base)
		return -EINVAL;
	mutex_lock(&run_lock);
	err = begin_run(file, &c);
	mutex_unlock(&run_lock);
	if (err)
		return err;
	/* The run has begun all the same: closing the descriptor ends it. */
	return copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

/* What only the consumer may do, under run_lock. */
static long as_consumer(struct file *file, long (*what)(u64 *value), u64 *value)
{
	long err = -EPERM;

	mutex_lock(&run_lock);
	if (file == consumer)
		err = what(value);
	mutex_unlock(&run_lock);
	return err;
}

static long stop(u64 *unused)
{
	vexj_run_end(run);
	return 0;
}

static long open_ring(u64 *cpu)
{
	if (*cpu >= nr_cpu_ids || !run->rings[*cpu])
		return -EINVAL;
	return vexj_ringfd_open(run->rings[*cpu]);
}

static long do_ring(struct file *file, void __user *arg)
{
	u32 cpu;
	u64 value;

	if (copy_from_user(&cpu, arg, sizeof(cpu)))
		return -EFAULT;
	value = cpu;
	return as_consumer(file, open_ring, &value);
}

static long take_number(u64 *number)
{
	*number = atomic64_inc_return(&run->global_sequence);
	return 0;
}

static long do_sequence(struct file *file, void __user *arg)
{
	u64 number;
	long err = as_consumer(file, take_number, &number);

	if (err)
		return err;
	/* A number that does not arrive is a gap: tell, before it is given. */
	return copy_to_user(arg, &number, sizeof(number)) ? -EFAULT : 0;
}

void vexj_dev_count(struct vexj_dev_counters *c)
{
	mutex_lock(&run_lock);
	if (run) {
		if (!run->stopped)
			vexj_hooks_settle();
		vexj_run_count(run, c);
	}
	mutex_unlock(&run_lock);
}

static long do_counters(struct file *file, void __user *arg)
{
	struct vexj_dev_counters c;
	u32 cpu;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	cpu = c.cpu;
	if (c.reserved || (cpu != VEXJ_DEV_ALL_CPUS && (cpu >= nr_cpu_ids || !cpu_possible(cpu))))
		return -EINVAL;
	memset(&c, 0, sizeof(c));
	c.cpu = cpu;
	vexj_dev_count(&c);
	return copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

static long do_filter_get(struct file *file, void __user *arg)
{
	struct vexj_dev_filter f, asked;
	char *text;
	long err;

	if (copy_from_user(&asked, arg, sizeof(asked)))
		return -EFAULT;
	err = vexj_filter_get(&f, &text);
	if (err)
		return err;
	f.prefixes = asked.prefixes;
	/* With too little room the length alone is told. */
	if (asked.prefixes_len >= f.prefixes_len && f.prefixes_len &&
	    copy_to_user(u64_to_user_ptr(asked.prefixes), text, f.prefixes_len))
		err = -EFAULT;
	kvfree(text);
	if (!err && copy_to_user(arg, &f, sizeof(f)))
		err = -EFAULT;
	return err;
}

static long do_filter_set(struct file *file, void __user *arg)
{
	struct vexj_dev_filter f;
	char *text = NULL;
	long err;

	if (copy_from_user(&f, arg, sizeof(f)))
		return -EFAULT;
	if (f.prefixes_len > VEXJ_DEV_PREFIXES * VEXJ_PATH_MAX || (!f.prefixes_len && f.prefixes))
		return -EINVAL;
	if (f.prefixes_len) {
		text = vmemdup_user(u64_to_user_ptr(f.prefixes), f.prefixes_len);
		if (IS_ERR(text))
			return PTR_ERR(text);
	}
	err = vexj_filter_set(&f, text);
	kvfree(text);
	return err;
}

static long do_follow(struct file *file, void __user *arg)
{
	struct vexj_dev_follow f;

	if (copy_from_user(&f, arg, sizeof(f)))
		return -EFAULT;
	return f.reserved ? -EINVAL : vexj_follow(f.tgid);
}

static long do_unfollow(struct file *file, void __user *arg)
{
	struct vexj_dev_follow f;

	if (copy_from_user(&f, arg, sizeof(f)))
		return -EFAULT;
	return f.reserved ? -EINVAL : vexj_unfollow(f.tgid);
}

static long do_context_set(struct file *file, void __user *arg)
{
	struct vexj_dev_context c;

	return copy_from_user(&c, arg, sizeof(c)) ? -EFAULT : vexj_context_set(&c);
}

static long do_context_clear(struct file *file, void __user *arg)
{
	struct vexj_dev_context c;

	return copy_from_user(&c, arg, sizeof(c)) ? -EFAULT : vexj_context_clear(&c);
}

static long do_context_get(struct file *file, void __user *arg)
{
	struct vexj_dev_context c;
	long err;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	err = vexj_context_get(&c);
	return err ? err : copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

static long do_context_of(struct file *file, void __user *arg)
{
	struct vexj_dev_context c;
	long err;

	if (copy_from_user(&c, arg, sizeof(c)))
		return -EFAULT;
	err = vexj_context_of_process(&c);
	return err ? err : copy_to_user(arg, &c, sizeof(c)) ? -EFAULT : 0;
}

/* The rings stay while run_lock is held. */
static long peek(struct vexj_dev_peek *p)
{
	unsigned long records, size;
	struct vexj_ring *ring;
	void *text, *work;
	long err = 0;

	ring = &run->rings[p->cpu]->ring;
	size = min_t(u64, p->size, ring->mask + 1);
	text = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	work = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (text && work) {
		p->size = vexj_ring_copy(ring, text, size, work, &records);
		p->records = records;
		if (copy_to_user(u64_to_user_ptr(p->buffer), text, p->size))
			err = -EFAULT;
	} else {
		err = -ENOMEM;
	}
	kvfree(text);
	kvfree(work);
	return err;
}

static long do_peek(struct file *file, void __user *arg)
{
	struct vexj_dev_peek p;
	long err = 0;

	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	if (p.reserved || p.records || p.cpu >= nr_cpu_ids || !cpu_possible(p.cpu) || p.size < VEXJ_RING_HEAD)
		return -EINVAL;
	mutex_lock(&run_lock);
	if (run)
		err = peek(&p);
	else
		p.size = 0;
	mutex_unlock(&run_lock);
	return err ? err : copy_to_user(arg, &p, sizeof(p)) ? -EFAULT : 0;
}

static long do_hook(struct file *file, void __user *arg)
{
	struct vexj_dev_hook h;
	long err;

	if (copy_from_user(&h, arg, sizeof(h)))
		return -EFAULT;
	vexj_hooks_settle();
	err = vexj_hook_get(&h);
	return err ? err : copy_to_user(arg, &h, sizeof(h)) ? -EFAULT : 0;
}

static long do_stop(struct file *file, void __user *arg)
{
	return as_consumer(file, stop, NULL);
}

static const struct command {
	unsigned int number;
	bool looks;	/* read permission is enough; else CAP_SYS_ADMIN */
	long (*run)(struct file *file, void __user *arg);
} commands[] = {
	{ VEXJ_IOC_INFO, true, do_info },
	{ VEXJ_IOC_CONSUME, false, do_consume },
	{ VEXJ_IOC_STOP, false, do_stop },
	{ VEXJ_IOC_RING, false, do_ring },
	{ VEXJ_IOC_SEQUENCE, false, do_sequence },
	{ VEXJ_IOC_COUNTERS, true, do_counters },
	{ VEXJ_IOC_FILTER_GET, true, do_filter_get },
	{ VEXJ_IOC_FILTER_SET, false, do_filter_set },
	{ VEXJ_IOC_FOLLOW, false, do_follow },
	{ VEXJ_IOC_UNFOLLOW, false, do_unfollow },
	{ VEXJ_IOC_CONTEXT_SET, false, do_context_set },
	{ VEXJ_IOC_CONTEXT_CLEAR, false, do_context_clear },
	{ VEXJ_IOC_CONTEXT_GET, true, do_context_get },
	{ VEXJ_IOC_CONTEXT_OF, true, do_context_of },
	{ VEXJ_IOC_PEEK, true, do_peek },
	{ VEXJ_IOC_HOOK, true, do_hook },
};

static long dev_ioctl(struct file *file, unsigned int number, unsigned long arg)
{
	const struct command *c;

	for (c = commands; c < commands + ARRAY_SIZE(commands); c++) {
		if (c->number != number)
			continue;
		if (c->looks && !may_look(file))
			return -EBADF;
		if (!c->looks && !capable(CAP_SYS_ADMIN))
			return -EPERM;
		return c->run(file, (void __user *)arg);
	}
	return -ENOTTY;
}

static ssize_t dev_write(struct file *file, const char __user *from, size_t len, loff_t *pos)
{
	ssize_t n;
	u8 *text;

	if (!len)
		return 0;
	len = min_t(size_t, len, WRITE_MAX);
	text = vmemdup_user(from, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	n = vexj_emit_text(text, len, false);
	kvfree(text);
	return n;
}

static int dev_open(struct inode *inode, struct file *file)
{
	return nonseekable_open(inode, file);
}

static int dev_release(struct inode *inode, struct file *file)
{
	mutex_lock(&run_lock);
	if (file == consumer) {
		vexj_run_end(run);
		vexj_unfollow_all();
		consumer = NULL;
	}
	mutex_unlock(&run_lock);
	return 0;
}

static const struct file_operations dev_operations = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.release = dev_release,
	.write = dev_write,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vexj",
	.fops = &dev_operations,
	.mode = 0600,
	.groups = vexj_sysfs_groups,
};

int vexj_dev_init(void)
{
	return misc_register(&device);
}

/* The module goes, so no descriptor is left. */
void vexj_dev_exit(void)
{
	misc_deregister(&device);
	vexj_run_free(run);
}
