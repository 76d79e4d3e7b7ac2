//! Keys and checks for the cases of a signer, by Web Cryptography.

use anyhow::{Result, anyhow};
use m365_host_worker::ports::signer::SubtleSigner;
use m365_port_suite::{KeyKind, SignerBench, SigningPair};
use m365_ports::{BoxFuture, Signer};
use m365_types::Secret;
use worker::js_sys::{self, Array, Function, Object, Promise, Reflect, Uint8Array};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

/// The signer of the Worker.
pub(crate) struct SubtleBench;

impl SignerBench for SubtleBench {
    fn signer(&self) -> &dyn Signer {
        &SubtleSigner
    }

    fn pair(&self, kind: KeyKind) -> BoxFuture<'_, Result<SigningPair>> {
        Box::pin(SendFuture::new(async move { generate(kind).await.map_err(|error| said(&error)) }))
    }

    fn verifies<'a>(
        &'a self,
        public: &'a [u8],
        message: &'a [u8],
        signature: &'a [u8],
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(SendFuture::new(async move {
            verify(public, message, signature).await.map_err(|error| said(&error))
        }))
    }
}

fn said(error: &JsValue) -> anyhow::Error {
    anyhow!("{error:?}")
}

async fn generate(kind: KeyKind) -> Result<SigningPair, JsValue> {
    let algorithm = match kind {
        KeyKind::Rsa(bits) => object(&[
            ("name", "RSA-PSS".into()),
            ("modulusLength", bits.into()),
            ("publicExponent", Uint8Array::from([1, 0, 1].as_slice()).into()),
            ("hash", "SHA-256".into()),
        ])?,
        KeyKind::EllipticCurve => object(&[("name", "ECDSA".into()), ("namedCurve", "P-256".into())])?,
    };
    let uses = Array::of2(&"sign".into(), &"verify".into());
    let pair = subtle("generateKey", &Array::of3(&algorithm, &JsValue::TRUE, &uses)).await?;
    let export = async |half: &str, form: &str| -> Result<Vec<u8>, JsValue> {
        let key = Reflect::get(&pair, &half.into())?;
        Ok(Uint8Array::new(&subtle("exportKey", &Array::of2(&form.into(), &key)).await?).to_vec())
    };
    Ok(SigningPair {
        private: Secret::new(export("privateKey", "pkcs8").await?),
        public: export("publicKey", "spki").await?,
    })
}

async fn verify(public: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, JsValue> {
    let algorithm = object(&[("name", "RSA-PSS".into()), ("hash", "SHA-256".into())])?;
    let uses = Array::of1(&"verify".into());
    let arguments = Array::of5(&"spki".into(), &Uint8Array::from(public), &algorithm, &JsValue::FALSE, &uses);
    let key = subtle("importKey", &arguments).await?;
    let algorithm = object(&[("name", "RSA-PSS".into()), ("saltLength", 32.into())])?;
    let arguments = Array::of4(&algorithm, &key, &Uint8Array::from(signature), &Uint8Array::from(message));
    Ok(subtle("verify", &arguments).await?.is_truthy())
}

fn object(members: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

async fn subtle(method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into())?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    let method: Function = Reflect::get(&subtle, &method.into())?.dyn_into()?;
    let promise: Promise = Reflect::apply(&method, &subtle, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}
