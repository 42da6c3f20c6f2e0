// Shows the contract that this gateway serves. The page's Content-Security-Policy lets it speak to this gateway alone.
'use strict';

// A route of another listener is shown, and cannot be tried: it is another origin, and not for callers.
const ownRoutesOnly = {
  statePlugins: { spec: { wrapSelectors: {
    allowTryItOutFor: (original, system) => (state, path, method) =>
      !system.specSelectors.specJson().getIn(['paths', path, 'servers']) && original(state, path, method),
  } } },
};

// The viewer fills a form with the contract's examples. Those of headers would be sent by whoever did not take them
// out: the example of an Idempotency-Key, tried twice, is a replay or a 422.
const emptyHeaders = {
  statePlugins: { spec: { wrapActions: {
    updateJsonSpec: (original) => (contract) => {
      for (const parameter of Object.values(contract.components.parameters)) {
        if (parameter.in !== 'header') continue;
        delete parameter.example;
        delete parameter.examples;
      }
      return original(contract);
    },
  } } },
};

// Some browsers keep what is typed into a field, or send it away to have its spelling checked. Not a key.
const unkeptFields = {
  wrapComponents: {
    Input: (Original, { React }) => (props) => React.createElement(Original, { ...props, autoComplete: 'off', spellCheck: false }),
  },
};

SwaggerUIBundle({
  url: 'openapi.yaml',
  dom_id: '#contract',
  plugins: [ownRoutesOnly, emptyHeaders, unkeptFields],
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: false, // a key is never stored
  validatorUrl: null, // or it would send the contract's address to a service of its makers
});
