#!/bin/sh
# The database and its two roles (DESIGN section 4.6): the owner makes schemas, the app may not. Run once, by the image's
# entry point, on an empty data folder. OWNER_PASSWORD and APP_PASSWORD come from the environment.
set -eu
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE engagehub_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE engagehub_app LOGIN PASSWORD :'app_password';
CREATE DATABASE engagehub OWNER engagehub_owner;
REVOKE ALL ON DATABASE engagehub FROM PUBLIC;
GRANT CONNECT ON DATABASE engagehub TO engagehub_app;
SQL
