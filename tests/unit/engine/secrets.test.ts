import t from "tap";
import { writeSnapshot } from "../../../provider/engine/checkpoint.ts";
import { StackConfigFile } from "../../../provider/engine/config.ts";
import { Crypter, passphraseOf } from "../../../provider/engine/secrets.ts";
import { newState } from "../../../provider/engine/state.ts";
import { makeSecret } from "../../../provider/engine/values.ts";

/** The salt of Pulumi's own test of its passphrase provider (pkg/secrets/passphrase/manager_test.go). */
const PULUMI_SALT = "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ==";

t.test("a salt that Pulumi made opens with its passphrase and with no other", async (t) => {
  t.equal(
    Crypter.open("password", PULUMI_SALT).decrypt("v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="),
    "pulumi",
  );
  t.throws(() => Crypter.open("another", PULUMI_SALT), { message: "incorrect passphrase" });
  t.throws(() => Crypter.open("password", "v2:x"), /not in a known format/);
});

/**
 * A settings file that the pulumi CLI wrote, of Pulumi's own test of comments in it (tests/roundtrip/roundtrip_test.go),
 * which names this passphrase.
 */
const PULUMI_SETTINGS = {
  passphrase: "TestConfigRoundtripComments",
  salt: "v1:ThS5UPxP9qc=:v1:UZYAXF+ylaJ0rGhv:9OTvBnOEDFgxs7btjzSu+LZ470vLpg==",
  secret: "v1:T1ftqhY0hqr+EJK6:+jvd5PMecFx80tcavzuZY4tLatgIfoe/xR72GA==",
  text: "secret-value",
};

/** The parts of a salt or ciphertext: versions as they are, the rest as its number of bytes. */
const form = (text: string) =>
  text.split(":").map((part) => (part === "v1" ? part : Buffer.from(part, "base64").length));

t.test("what the pulumi CLI encrypted is decrypted, and what is encrypted here has the same form", async (t) => {
  const { passphrase, salt, secret, text } = PULUMI_SETTINGS;
  const theirs = Crypter.open(passphrase, salt);
  t.equal(theirs.decrypt(secret), text);
  const ours = theirs.encrypt(text);
  t.same(form(ours), form(secret), "version, nonce, ciphertext and tag");
  t.equal(theirs.decrypt(ours), text, "under the CLI's own salt too");
  t.same(form(Crypter.create(passphrase).state), form(salt), "version, salt, encrypted check value");
});

t.test("a settings file that the pulumi CLI wrote is read, and its secrets stay readable in the state", async (t) => {
  const { passphrase, salt, secret, text } = PULUMI_SETTINGS;
  const yaml = `encryptionsalt: ${salt}\nconfig:\n  foo:d:\n    secure: ${secret}\n`;
  const file = new StackConfigFile(`${t.testdir({ "Pulumi.dev.yaml": yaml })}/Pulumi.dev.yaml`, "foo");
  const crypter = Crypter.open(passphrase, String(file.salt));
  t.same(file.read({}, crypter), { "foo:d": { text, secret: true } });
  const made = newState({ urn: "urn:pulumi:dev::foo::t:m:T::a", type: "t:m:T", inputs: { d: makeSecret(text) } });
  const state = writeSnapshot({ resources: [made], pendingOperations: [], metadata: {} }, crypter);
  const [stored] = state.deployment["resources"] as { inputs: { d: { ciphertext: string } } }[];
  t.match(state.deployment["secrets_providers"], { type: "passphrase", state: { salt } });
  t.equal(crypter.decrypt(String(stored?.inputs.d.ciphertext)), JSON.stringify(text), "state holds secrets as JSON");
});

t.test("what one crypter encrypts, another with the same salt and passphrase decrypts", async (t) => {
  const one = Crypter.create("passphrase");
  t.match(one.state, /^v1:[A-Za-z0-9+/=]{12}:v1:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]+$/);
  const ciphertext = one.encrypt("grüße");
  t.match(ciphertext, /^v1:[A-Za-z0-9+/=]{16}:[A-Za-z0-9+/=]+$/);
  t.not(one.encrypt("grüße"), ciphertext, "each time under a new nonce");
  t.equal(Crypter.open("passphrase", one.state).decrypt(ciphertext), "grüße");
  t.throws(() => Crypter.create("passphrase").decrypt(ciphertext), /cannot be decrypted/);
  t.throws(() => one.decrypt("v1:short"), /cannot be decrypted/);
});

t.test("the passphrase comes from where the CLI looks for it", async (t) => {
  const folder = t.testdir({ phrase: "from file\n" });
  t.equal(passphraseOf({ PULUMI_CONFIG_PASSPHRASE: "" }), "", "an empty passphrase is one");
  t.equal(passphraseOf({ PULUMI_CONFIG_PASSPHRASE_FILE: `${folder}/phrase` }), "from file");
  t.equal(passphraseOf({}), undefined);
});
