-- Roles for an external PostgreSQL (15 or newer). Run once, as a superuser or as a role that may create roles and databases:
--
--   psql -v owner_password=... -v app_password=... -f deploy/roles.sql postgres
--
-- then   STOREHAND_DB__URL=postgresql://storehand_owner:...@host/storehand        (migrations only)
--        STOREHAND_DB__APP_URL=postgresql://storehand_login:...@host/storehand    (everything else)

-- Owns the tables and runs migrations. Not a superuser; row security is forced on it too.
CREATE ROLE storehand_owner LOGIN PASSWORD :'owner_password' NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;

-- What the product may do. Migrations grant it rows, never ownership.
CREATE ROLE storehand_app NOLOGIN NOSUPERUSER NOBYPASSRLS;

-- Owner of the few functions that look across tenants (sign-in, queue, outbox, audit). Nobody logs in as it.
CREATE ROLE storehand_relay NOLOGIN NOSUPERUSER NOBYPASSRLS;

-- Migrations hand functions over to storehand_relay and grant rights to storehand_app.
GRANT storehand_app, storehand_relay TO storehand_owner WITH ADMIN OPTION;

-- The login of API and workers: inherits the rights of storehand_app, and has none of its own.
CREATE ROLE storehand_login LOGIN PASSWORD :'app_password' NOSUPERUSER NOBYPASSRLS INHERIT IN ROLE storehand_app;

CREATE DATABASE storehand OWNER storehand_owner;
REVOKE ALL ON DATABASE storehand FROM PUBLIC;
GRANT CONNECT ON DATABASE storehand TO storehand_login;
\connect storehand
ALTER SCHEMA public OWNER TO storehand_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
