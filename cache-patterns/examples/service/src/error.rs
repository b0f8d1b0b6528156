//! What a caller is told when something fails.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cache_patterns::{LoadError, StoreError, WriteError};

/// A cache that does not answer is no error: the database is asked then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no such thing")]
    NotFound,
    #[error("only {units} left")]
    OutOfStock { units: i64 },
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("load: {0}")]
    Load(#[from] LoadError<sqlx::Error>),
    #[error("write: {0}")]
    Write(#[from] WriteError<sqlx::Error>),
    #[error("cache: {0}")]
    Store(#[from] StoreError),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::OutOfStock { .. } => StatusCode::CONFLICT,
            Self::Load(LoadError::Failed(error)) if matches!(**error, sqlx::Error::RowNotFound) => {
                StatusCode::NOT_FOUND
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = %self, "a request failed");
            return status.into_response();
        }
        (status, self.to_string()).into_response()
    }
}
