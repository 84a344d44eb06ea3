// An OpenID provider on oidc-provider: one client, whoever is picked on its page.
//
// node oidc.mjs '{"client_id", "client_secret", "redirect_uris": [...], "users": [...]}'
// A user is {"id", "email", "email_verified", "name", "groups": [...]}; id is the subject.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import Provider from 'oidc-provider';
import { answer, form, json, serve, sayReady, signInPage } from './page.mjs';

const state = { users: [], redirect_uris: [], scopes: 'openid email profile groups', ...JSON.parse(process.argv[2] ?? '{}') };
const cookieKeys = [randomBytes(32).toString('hex')];
let origin = '';
let signingKeys = [newKey()];
let provider;
let callback;

function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: randomBytes(8).toString('hex') };
}

const user = (id) => state.users.find((candidate) => candidate.id === id);

// oidc-provider reads its settings once, so that every change makes a new one on the same port.
function build() {
  provider = new Provider(origin, {
    clients: [{
      client_id: state.client_id,
      client_secret: state.client_secret,
      redirect_uris: state.redirect_uris,
      response_types: ['code'],
      grant_types: ['authorization_code'],
      post_logout_redirect_uris: state.post_logout_redirect_uris ?? [],
      ...(state.backchannel_logout_uri && {
        backchannel_logout_uri: state.backchannel_logout_uri, backchannel_logout_session_required: true,
      }),
      token_endpoint_auth_method: state.token_endpoint_auth_method ?? 'client_secret_basic',
    }],
    jwks: { keys: signingKeys },
    cookies: { keys: cookieKeys },
    // By default (conformIdTokenClaims) the claims of these scopes come from userinfo only, as with many real providers.
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], groups: ['groups'] },
    conformIdTokenClaims: state.claims_in_id_token !== true,
    pkce: { required: () => true },
    // Its own guard of what it fetches keeps away from loopback, where the tests' relying party is.
    fetch: (url, { dispatcher: _guard, ...options }) => globalThis.fetch(url, options),
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    ttl: { AccessToken: 300, AuthorizationCode: 60, Grant: 300, IdToken: 300, Interaction: 300, Session: 300 },
    findAccount: (_context, id) => (user(id) && { accountId: id, claims: () => ({ ...user(id), id: undefined, sub: id }) }),
    // Consent is given: what is under test is the sign-in.
    async loadExistingGrant(context) {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId,
      });
      grant.addOIDCScope(state.scopes);
      await grant.save();
      return grant;
    },
  });
  provider.on('server_error', (_context, error) => console.error(error));
  provider.on('backchannel.error', (_context, error) => console.error(error));
  callback = provider.callback();
}

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    return answer(response, 200, 'text/html; charset=utf-8', signInPage({
      title: 'OpenID provider', action: `/interaction/${details.uid}`, hidden: {}, users: state.users,
    }));
  }
  const chosen = await form(request);
  const result = chosen.refuse
    ? { error: 'access_denied', error_description: 'The user refused' }
    : { login: { accountId: chosen.user, remember: false } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function handle(request, response) {
  const { pathname } = new URL(request.url, origin);
  if (pathname.startsWith('/interaction/')) return interaction(request, response);
  if (request.method === 'POST' && pathname === '/control') {
    const { rotate_keys: rotate, ...changes } = await json(request);
    Object.assign(state, changes);
    // Only the new key is published afterwards: a relying party has to fetch the keys again.
    if (rotate) signingKeys = [newKey()];
    build();
    return answer(response, 200, 'application/json', '{}');
  }
  return callback(request, response);
}

serve(handle, (port) => {
  origin = `http://127.0.0.1:${port}`;
  build();
  sayReady({ port, issuer: origin });
});
