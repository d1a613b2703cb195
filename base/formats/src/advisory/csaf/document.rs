//! The members of a document that are read or written.

use serde::{Deserialize, Serialize};

macro_rules! members {
    ($($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $kind:ty,)+ })+) => {$(
        #[derive(Default, Deserialize, Serialize)]
        $(#[$doc])*
        pub(super) struct $name {
            $($(#[$of])* pub(super) $field: $kind,)+
        }
    )+};
}

fn is_empty<T>(list: &[T]) -> bool {
    list.is_empty()
}

members! {
    Csaf {
        document: Meta,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        product_tree: Option<Tree>,
        #[serde(default, skip_serializing_if = "is_empty")]
        vulnerabilities: Vec<Vulnerability>,
    }
    Meta {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aggregate_severity: Option<Text>,
        category: String,
        csaf_version: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        distribution: Option<Distribution>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lang: Option<String>,
        #[serde(default, skip_serializing_if = "is_empty")]
        notes: Vec<Note>,
        publisher: Publisher,
        #[serde(default, skip_serializing_if = "is_empty")]
        references: Vec<Link>,
        title: String,
        tracking: Tracking,
    }
    Text {
        text: String,
    }
    Distribution {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tlp: Option<Tlp>,
    }
    Tlp {
        label: String,
    }
    Note {
        category: String,
        text: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    }
    Publisher {
        category: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_details: Option<String>,
        name: String,
        namespace: String,
    }
    Link {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        category: Option<String>,
        summary: String,
        url: String,
    }
    Tracking {
        current_release_date: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        generator: Option<Generator>,
        id: String,
        initial_release_date: String,
        revision_history: Vec<Revision>,
        status: String,
        version: String,
    }
    Generator {
        engine: Engine,
    }
    Engine {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<String>,
    }
    Revision {
        date: String,
        number: String,
        summary: String,
    }
    Tree {
        #[serde(default, skip_serializing_if = "is_empty")]
        branches: Vec<Branch>,
        #[serde(default, skip_serializing_if = "is_empty")]
        full_product_names: Vec<Product>,
        #[serde(default, skip_serializing_if = "is_empty")]
        relationships: Vec<Relationship>,
    }
    Branch {
        #[serde(default, skip_serializing_if = "is_empty")]
        branches: Vec<Branch>,
        category: String,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        product: Option<Product>,
    }
    Product {
        name: String,
        product_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        product_identification_helper: Option<Helper>,
    }
    Helper {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpe: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purl: Option<String>,
    }
    Relationship {
        category: String,
        full_product_name: Product,
        product_reference: String,
        relates_to_product_reference: String,
    }
    Vulnerability {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cve: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cwe: Option<Weakness>,
        #[serde(default, skip_serializing_if = "is_empty")]
        flags: Vec<Flag>,
        #[serde(default, skip_serializing_if = "is_empty")]
        notes: Vec<Note>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        product_status: Option<Status>,
        #[serde(default, skip_serializing_if = "is_empty")]
        references: Vec<Link>,
        #[serde(default, skip_serializing_if = "is_empty")]
        remediations: Vec<Remediation>,
        #[serde(default, skip_serializing_if = "is_empty")]
        scores: Vec<Score>,
        #[serde(default, skip_serializing_if = "is_empty")]
        threats: Vec<Threat>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
    }
    Weakness {
        id: String,
        name: String,
    }
    Status {
        #[serde(default, skip_serializing_if = "is_empty")]
        fixed: Vec<String>,
        #[serde(default, skip_serializing_if = "is_empty")]
        first_fixed: Vec<String>,
        #[serde(default, skip_serializing_if = "is_empty")]
        known_affected: Vec<String>,
        #[serde(default, skip_serializing_if = "is_empty")]
        known_not_affected: Vec<String>,
        #[serde(default, skip_serializing_if = "is_empty")]
        under_investigation: Vec<String>,
    }
    Remediation {
        category: String,
        details: String,
        #[serde(default, skip_serializing_if = "is_empty")]
        product_ids: Vec<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
    }
    Score {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cvss_v2: Option<Cvss>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cvss_v3: Option<Cvss>,
        products: Vec<String>,
    }
    #[serde(rename_all = "camelCase")]
    Cvss {
        base_score: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_severity: Option<String>,
        vector_string: String,
        version: String,
    }
    Flag {
        label: String,
        #[serde(default, skip_serializing_if = "is_empty")]
        product_ids: Vec<String>,
    }
    Threat {
        category: String,
        details: String,
        #[serde(default, skip_serializing_if = "is_empty")]
        product_ids: Vec<String>,
    }
}
