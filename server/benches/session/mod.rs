//! Somebody who is signed in.

use sqlx::PgPool;
use tower_sessions::session::Id;

/// Signs somebody in who owns nothing, as an auditor or not, and answers their browser's cookie.
pub async fn sign_in(pool: &PgPool, auditor: bool) -> String {
    let secret = Id(server::secret::session_id());
    sqlx::query(
        "insert into session (id, id_hash, person_id, auditor, roles_read_at, authenticated_at, created_at, seen_at, expires_at)
         select gen_random_uuid(), $1, id, $2, now() + interval '1 day', now(), now(), now(), now() + interval '12 hours'
         from person order by name desc limit 1",
    )
    .bind(id_hash(secret).as_slice())
    .bind(auditor)
    .execute(pool)
    .await
    .unwrap();
    format!("gatebook={secret}")
}

/// As the session table keeps it.
pub fn id_hash(secret: Id) -> [u8; 32] {
    server::secret::hash(&secret.0.to_le_bytes())
}
