import t from "tap";
import { Crypter, passphraseOf } from "../../../provider/engine/secrets.ts";

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
