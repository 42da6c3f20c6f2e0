// The image without a container engine: the steps of the Dockerfile, done in bare Debian roots that debootstrap makes; then
// what the last of them holds, started as Kubernetes starts it: not root, on a read-only root, in a network of its own.
// Run by hand, as root, with some minutes and 4 GB to spare. It needs debootstrap, iproute2 and util-linux.
//
//   node test/deploy/image.mjs [FOLDER]     FOLDER holds the roots afterwards; a temporary one, removed, when not given
//
// Mounts are made in a mount namespace of each command's own: nothing is left of them, whatever happens.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../..', import.meta.url));
const given = process.argv[2];
const folder = given ? resolve(given) : mkdtempSync(join(tmpdir(), 'offboard-image-'));

function run(program, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 64 << 20, ...options });
  assert.equal(status, 0, `${program} ${args.join(' ')}\n${stdout}\n${stderr}`);
  return stdout;
}

/** A script in a mount namespace where the root has a /proc and a small /dev; `$ROOT` is the root. */
function within(root, script, { network = false } = {}) {
  const mounts = `
    set -e
    mount -t proc none "$ROOT/proc"
    mount -t tmpfs -o mode=755 none "$ROOT/dev"
    for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$ROOT/dev/\${node%:*}" c 1 "\${node#*:}"; done
    ln -s /proc/self/fd "$ROOT/dev/fd"`;
  const apart = network ? ['--net'] : [];
  return run('unshare', ['--mount', '--pid', '--fork', '--kill-child', ...apart, 'bash', '-c', `${mounts}\n${script}`], { env: { ...process.env, ROOT: root } });
}

/** The Dockerfile's instructions, stage by stage: [{ from, name, steps: [[word, rest]] }]. */
function stages() {
  const text = readFileSync(join(project, 'Dockerfile'), 'utf8').replace(/^#.*\n/gm, '').replace(/\\\n/g, ' ');
  const made = [];
  for (const line of text.split('\n').filter((l) => l.trim() !== '')) {
    const [, word, rest] = /^(\w+)\s+(.*)$/.exec(line.trim());
    if (word === 'FROM') made.push({ from: rest.split(' ')[0], name: /\bAS (\w+)/i.exec(rest)?.[1], steps: [] });
    else made.at(-1).steps.push([word, rest]);
  }
  return made;
}

const roots = {};
const said = {}; // USER, ENTRYPOINT and HEALTHCHECK of the last stage
for (const [n, stage] of stages().entries()) {
  assert.match(stage.from, /^debian:bookworm(-slim)?$/);
  const root = join(folder, stage.name ?? `stage${n}`);
  roots[stage.name ?? 'image'] = root;
  console.log(`${stage.name ?? 'image'}: debootstrap`);
  rmSync(root, { recursive: true, force: true });
  run('debootstrap', ['--variant=minbase', 'bookworm', root]);
  let place = '/';
  for (const [word, rest] of stage.steps) {
    console.log(`${word} ${rest.slice(0, 100)}`);
    if (word === 'RUN') {
      const ours = existsSync('/etc/resolv.conf') ? 'touch "$ROOT/etc/resolv.conf"; mount --bind /etc/resolv.conf "$ROOT/etc/resolv.conf"' : '';
      writeFileSync(join(root, 'step'), `set -e\ncd ${place}\n${rest}\n`);
      within(root, `${ours}\nchroot "$ROOT" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive HOME=/root sh /step`);
      rmSync(join(root, 'step'));
    } else if (word === 'WORKDIR') {
      place = rest;
      mkdirSync(join(root, place), { recursive: true });
    } else if (word === 'COPY' && rest === '. .') {
      const files = run('git', ['-C', project, 'ls-files', '-z']).split('\0').filter(Boolean);
      for (const file of files) cpSync(join(project, file), join(root, place, file));
    } else if (word === 'COPY') {
      const [, from, what, to] = /^--from=(\w+) (\S+) (\S+)$/.exec(rest);
      cpSync(join(roots[from], what), join(root, to));
    } else {
      said[word] = rest;
    }
  }
}

const image = roots.image;
const size = (path) => Number(run('du', ['-s', '--block-size=1', path]).split('\t')[0]);
console.log(`the image's tree: ${(size(image) / 1e6).toFixed(0)} MB, of it the gateway ${(size(join(image, 'usr/local/bin/offboard-gateway')) / 1e6).toFixed(1)} MB`);
const libraries = within(image, 'chroot "$ROOT" ldd /usr/local/bin/offboard-gateway');
assert.doesNotMatch(libraries, /not found/);
console.log(`${libraries.trim().split('\n').length} libraries, all found`);
for (const path of ['usr/bin/g++', 'usr/bin/cmake', 'usr/local/bin/offboard-sandbox', 'source']) assert.ok(!existsSync(join(image, path)), `${path} is in the image`);

// As the StatefulSet mounts it: the configuration and the secrets read-only, a volume for the journal.
const [user, group] = said.USER.split(':');
const [program, ...args] = JSON.parse(said.ENTRYPOINT);
const health = JSON.parse(said.HEALTHCHECK.slice(said.HEALTHCHECK.indexOf('[')));
const mounted = join(folder, 'mounted');
mkdirSync(mounted, { recursive: true });
const config = {
  listen: '127.0.0.1:8080', admin_listen: '127.0.0.1:9090', drain: { timeout: '1s' },
  journal: { sqlite: { path: '/var/lib/offboard/journal.db' }, keys: [{ id: 'a', key_file: '/etc/offboard/key' }] },
  vendors: { billing: { base_url: 'https://billing.example.com', api_username: 'u', api_key: 'k' } },
  plans: { erase: { billing: { forget: {} } } }, default_plan: 'erase',
};
writeFileSync(join(mounted, 'offboard.yaml'), JSON.stringify(config));
writeFileSync(join(mounted, 'key'), '00'.repeat(32));
const quoted = (words) => words.map((w) => `'${w.replaceAll("'", `'\\''`)}'`).join(' ');
mkdirSync(join(image, 'etc/offboard'), { recursive: true });
const report = within(image, `
  ip link set lo up
  mount --rbind "$ROOT" "$ROOT"
  mount --bind "${mounted}" "$ROOT/etc/offboard"
  mount -t tmpfs -o uid=${user},gid=${group},mode=700 none "$ROOT/var/lib/offboard"
  mount -o remount,bind,ro "$ROOT"
  mount -o remount,bind,ro "$ROOT/etc/offboard"
  as_user="chroot --userspec=${user}:${group} $ROOT"
  ! $as_user touch /usr/x 2>/dev/null
  $as_user ${quoted([program, ...args, '--check-config'])}
  $as_user ${quoted([program, ...args])} 2>"${folder}/log" &
  pid=$!
  for i in $(seq 500); do $as_user ${quoted(health)} && break; kill -0 $pid || exit 1; done
  $as_user ${quoted(health)}
  tr '\\0' '\\n' <"$ROOT/proc/$pid/status" | grep -E '^(Uid|Gid|VmRSS)'
  ls -ln "$ROOT/var/lib/offboard"
  kill -TERM $pid
  wait $pid`, { network: true });
console.log(report.trim());
assert.match(report, new RegExp(`Uid:\\s+${user}\\s`));
assert.match(readFileSync(join(folder, 'log'), 'utf8'), /"message":"stopped"/);
console.log('started, healthy and stopped as asked: not root, on a read-only root');
if (!given) rmSync(folder, { recursive: true });
