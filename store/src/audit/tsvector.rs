//! A set of terms on its way to the database, in PostgreSQL's binary form of `tsvector` (`tsvectorsend`): their number,
//! then each one ended by a zero byte, with the number of its places, here none.

use sqlx::Postgres;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};

/// Terms, each once, sorted by their bytes. None is empty or has a zero byte in it.
#[derive(Debug)]
pub(super) struct TsVector(Vec<String>);

impl TsVector {
    pub(super) fn new(mut terms: Vec<String>) -> Self {
        terms.retain(|term| !term.is_empty() && !term.contains('\0'));
        terms.sort_unstable();
        terms.dedup();
        Self(terms)
    }
}

impl sqlx::Type<Postgres> for TsVector {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("tsvector")
    }
}

impl PgHasArrayType for TsVector {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("_tsvector")
    }
}

impl Encode<'_, Postgres> for TsVector {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&i32::try_from(self.0.len())?.to_be_bytes());
        for term in &self.0 {
            buffer.extend_from_slice(term.as_bytes());
            buffer.extend_from_slice(&[0, 0, 0]);
        }
        Ok(IsNull::No)
    }
}
