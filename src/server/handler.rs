//! One type for all handlers of the route table. The packages below make some 5 KB of program
//! for each type of handler that is registered with them; here they see a single one.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Responder, web};

/// An answer on its way.
type Answer = Pin<Box<dyn Future<Output = HttpResponse>>>;

/// Any handler of the table.
#[derive(Clone)]
pub(crate) struct AnyHandler(Rc<dyn Fn(HttpRequest, Payload) -> Answer>);

impl AnyHandler {
    /// Hides the handler's type. What it takes is read from the request as the framework does.
    pub(crate) fn of<F, Args>(handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self(Rc::new(move |request, mut payload| {
            let handler = handler.clone();
            Box::pin(async move {
                match Args::from_request(&request, &mut payload).await {
                    Ok(taken) => handler
                        .call(taken)
                        .await
                        .respond_to(&request)
                        .map_into_boxed_body(),
                    Err(error) => HttpResponse::from_error(error),
                }
            })
        }))
    }
}

impl Handler<(HttpRequest, web::Payload)> for AnyHandler {
    type Output = HttpResponse;
    type Future = Answer;

    fn call(&self, (request, payload): (HttpRequest, web::Payload)) -> Answer {
        (self.0)(request, payload.into_inner())
    }
}
