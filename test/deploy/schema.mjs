// Holds an object to the schema that the Kubernetes API, or the Prometheus operator, has for its kind. The published
// validators pass over fields that they do not know; here such a field is a fault, as it is to `kubectl apply`.
const models = (apiVersion) => (apiVersion.startsWith('monitoring.coreos.com/')
  ? `@kubernetes-models/prometheus-operator/${apiVersion}` : `kubernetes-models/${apiVersion}`);

/** `value`, telling `read` which members are looked at: a validator looks at those that it knows. */
function watched(value, path, read) {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return Reflect.get(target, key);
      read.add(`${path}/${key}`);
      return watched(target[key], `${path}/${key}`, read);
    },
  });
}

function* paths(value, path = '') {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
    yield `${path}/${key}`;
    yield* paths(value[key], `${path}/${key}`);
  }
}

/** What is wrong with the object, as a list of texts. */
export async function faults(object) {
  const known = await import(models(object.apiVersion)).catch(() => ({}));
  const kind = known[object.kind];
  if (!kind) return [`there is no ${object.kind} in ${object.apiVersion}`];
  const read = new Set();
  try {
    kind.prototype.validate.call(watched(object, '', read));
  } catch (error) {
    return [error.message];
  }
  return [...paths(object)].filter((p) => !read.has(p)).map((p) => `${p} is unknown`);
}
