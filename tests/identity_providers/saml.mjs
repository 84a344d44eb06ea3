// A SAML 2.0 identity provider on samlp: any service provider, whoever is picked on its page.
//
// node saml.mjs '{"key_path", "certificate_path", "signing", "encryption_certificate"?, "users": [...]}'
// A user is {"id", "email", "firstName", "lastName", "groups": [...]}; id is the persistent NameID.
// "logout" is {"url", "certificate"} of the service provider, for single logout at /slo.
import { createPublicKey, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import samlp from 'samlp';
import SessionParticipants from 'samlp/lib/sessionParticipants/index.js';
import { answer, form, json, serve, sayReady, signInPage } from './page.mjs';

const state = { signing: 'assertion', users: [], ...JSON.parse(process.argv[2] ?? '{}') };
let origin = '';
// Who is signed in where, and what a logout under way has to remember: one browser is all there is.
const participants = new SessionParticipants();
const logoutSession = {};

const key = () => readFileSync(state.key_path);
const certificate = () => readFileSync(state.certificate_path);

// Attributes under their plain names, as the identity providers that we imitate are set up to send them.
function profile(user) {
  return {
    getClaims: () => Object.fromEntries(
      ['email', 'firstName', 'lastName', 'groups'].filter((name) => user[name] !== undefined).map((name) => [name, user[name]]),
    ),
    getNameIdentifier: () => ({
      nameIdentifier: state.name_id_attribute ? user[state.name_id_attribute] : user.id,
      nameIdentifierFormat: state.name_id_format ?? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    }),
  };
}

// samlp was written for Express; these are the methods of it that it calls.
function expressLike(response) {
  return {
    set: (name, value) => response.setHeader(name, value),
    send: (body) => response.end(typeof body === 'number' ? 'You are signed out.' : body),
    redirect: (location) => {
      response.writeHead(302, { location });
      response.end();
    },
  };
}

function parseRequest(parameters) {
  return new Promise((resolve, reject) => {
    samlp.parseRequest({ method: 'GET', query: parameters }, {}, (error, data) => (error ? reject(error) : resolve(data ?? {})));
  });
}

function samlResponse(user, { acs, audience, inResponseTo, sessionIndex }) {
  const encrypted = state.signing === 'encrypted';
  const config = {
    issuer: `${origin}/metadata`,
    key: key(),
    cert: certificate(),
    audience,
    recipient: acs,
    destination: acs,
    inResponseTo: inResponseTo || undefined,
    signAssertion: state.signing !== 'response',
    signResponse: state.signing === 'response' || state.signing === 'both',
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    lifetimeInSeconds: 300,
    sessionIndex: sessionIndex ?? `_${randomBytes(16).toString('hex')}`,
    authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    profileMapper: profile,
    ...(encrypted && {
      encryptionCert: state.encryption_certificate,
      encryptionPublicKey: createPublicKey(state.encryption_certificate).export({ type: 'spki', format: 'pem' }),
      encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    }),
  };
  return new Promise((resolve, reject) => {
    samlp.getSamlResponse(config, user, (error, xml) => (error ? reject(error) : resolve(xml)));
  });
}

function refuse(response, { acs, inResponseTo, relayState }) {
  samlp.sendError({
    issuer: `${origin}/metadata`,
    destination: acs,
    inResponseTo: inResponseTo || undefined,
    RelayState: relayState,
    error: { code: 'urn:oasis:names:tc:SAML:2.0:status:Responder', description: 'The user refused' },
    getPostURL: (_request, done) => done(null, acs),
  })({}, expressLike(response), (error) => { throw error; });
}

// The self-submitting form of the HTTP-POST binding. Its script stands in the page, as with real providers.
function postBack(response, acs, xml, relayState) {
  const page = signInPage({ title: 'Signing in', action: acs, hidden: {
    SAMLResponse: Buffer.from(xml).toString('base64'), ...(relayState && { RelayState: relayState }),
  }, users: [] }).replace(/<p>.*<\/p><\/form>/, '<noscript><button>Continue</button></noscript></form><script>document.forms[0].submit()</script>');
  answer(response, 200, 'text/html; charset=utf-8', page);
}

// The service provider is told when this session ends, wherever that begins.
function participate(user, { audience, sessionIndex }) {
  const { nameIdentifier: nameId, nameIdentifierFormat: nameIdFormat } = profile(user).getNameIdentifier();
  participants._participants.push({
    serviceProviderId: audience, nameId, nameIdFormat, sessionIndex,
    serviceProviderLogoutURL: state.logout.url, cert: state.logout.certificate,
  });
}

// From a service provider with a request or an answer, or without either: the person signs out here.
function logout(request, response, query) {
  samlp.logout({
    issuer: `${origin}/metadata`,
    key: key(),
    cert: certificate(),
    deflate: true,
    protocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
    signatureAlgorithm: 'rsa-sha256',
    digestAlgorithm: 'sha256',
    sessionParticipants: participants,
  })(
    { method: 'GET', query, body: {}, session: logoutSession, originalUrl: request.url },
    expressLike(response),
    (error) => answer(response, 500, 'text/plain', String(error?.stack ?? error)),
  );
}

function choose(response, hidden) {
  answer(response, 200, 'text/html; charset=utf-8', signInPage({
    title: 'SAML identity provider', action: '/choose', hidden, users: state.users,
  }));
}

async function handle(request, response) {
  const url = new URL(request.url, origin);
  const query = Object.fromEntries(url.searchParams);
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /metadata':
      return samlp.metadata({
        issuer: `${origin}/metadata`,
        cert: certificate().toString(),
        redirectEndpointPath: '/sso',
        postEndpointPath: '/sso',
        logoutEndpointPaths: state.logout ? { redirect: '/slo' } : {},
        profileMapper: Object.assign(profile, { prototype: { metadata: [] } }),
      })({ headers: request.headers, protocol: 'http', originalUrl: request.url }, expressLike(response));
    case 'GET /sso':
    case 'POST /sso': {
      const parameters = request.method === 'GET' ? query : await form(request);
      const asked = await parseRequest(parameters);
      return choose(response, {
        acs: asked.assertionConsumerServiceURL, audience: asked.issuer, inResponseTo: asked.id, relayState: parameters.RelayState,
      });
    }
    // A sign-in that the service provider did not ask for: /initiate?acs=...&audience=...&relayState=...
    case 'GET /initiate':
      return choose(response, { acs: query.acs, audience: query.audience, inResponseTo: '', relayState: query.relayState });
    case 'POST /choose': {
      const chosen = await form(request);
      if (chosen.refuse) return refuse(response, chosen);
      const user = state.users.find((candidate) => candidate.id === chosen.user);
      if (!user) return answer(response, 400, 'text/plain', 'no such user');
      const session = { ...chosen, sessionIndex: `_${randomBytes(16).toString('hex')}` };
      if (state.logout) participate(user, session);
      return postBack(response, chosen.acs, await samlResponse(user, session), chosen.relayState);
    }
    case 'GET /slo':
      return logout(request, response, query);
    // For tests that need no browser: what the ACS would be sent, as XML.
    case 'POST /respond': {
      const asked = await json(request);
      const user = state.users.find((candidate) => candidate.id === asked.user);
      return answer(response, 200, 'application/xml', await samlResponse(user, asked));
    }
    case 'POST /control':
      Object.assign(state, await json(request));
      return answer(response, 200, 'application/json', '{}');
    default:
      return answer(response, 404, 'text/plain', 'not found');
  }
}

serve(handle, (port) => {
  origin = `http://127.0.0.1:${port}`;
  sayReady({ port, metadata_url: `${origin}/metadata` });
});
