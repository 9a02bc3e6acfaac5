{{- define "engagehub.name" -}}{{ printf "%s" .Release.Name | trunc 40 | trimSuffix "-" }}{{- end }}

{{- define "engagehub.labels" -}}
app.kubernetes.io/name: engagehub
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* Selects the pods of one part: (dict "root" $ "part" "web") */}}
{{- define "engagehub.selector" -}}
app.kubernetes.io/name: engagehub
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "engagehub.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end }}

{{- define "engagehub.secret" -}}{{ .Values.existingSecret | default (include "engagehub.name" .) }}{{- end }}

{{/* The owner's address, which only migrations and the worker may know. */}}
{{- define "engagehub.ownerEnv" -}}
- name: DATABASE_OWNER_URL
  valueFrom:
    secretKeyRef:
      name: {{ if .Values.postgres.inCluster }}{{ include "engagehub.name" . }}-database{{ else }}{{ include "engagehub.secret" . }}{{ end }}
      key: DATABASE_OWNER_URL
{{- end }}

{{/* What every process is told. */}}
{{- define "engagehub.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- $own := include "engagehub.secret" . }}
{{- $name := include "engagehub.name" . }}
{{- $needed := list "SECRET_KEY" "FIELD_KEYS" "DISCORD_BOT_TOKEN" "DISCORD_CLIENT_ID" "DISCORD_CLIENT_SECRET" "EMAIL_URL" }}
{{- range $needed }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $own }}, key: {{ . }}}}
{{- end }}
{{- range list "STRIPE_SECRET_KEY" "STRIPE_WEBHOOK_SECRET" "SENTRY_DSN" "METRICS_TOKEN" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $own }}, key: {{ . }}, optional: true}}
{{- end }}
- name: DATABASE_URL
  valueFrom: {secretKeyRef: {name: {{ if .Values.postgres.inCluster }}{{ $name }}-database{{ else }}{{ $own }}{{ end }}, key: DATABASE_URL}}
{{- range list "REDIS_URL" "REDIS_STREAM_URL" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ if $.Values.redis.inCluster }}{{ $name }}-redis{{ else }}{{ $own }}{{ end }}, key: {{ . }}}}
{{- end }}
{{- end }}

{{- define "engagehub.envFrom" -}}
- configMapRef: {name: {{ include "engagehub.name" . }}}
{{- end }}

{{- define "engagehub.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "engagehub.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Pod spec lines that every workload of ours shares. */}}
{{- define "engagehub.podCommon" -}}
serviceAccountName: {{ include "engagehub.name" . }}
automountServiceAccountToken: false
securityContext: {{- include "engagehub.podSecurity" . | nindent 2 }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - {name: tmp, emptyDir: {}}
{{- end }}

{{- define "engagehub.podAnnotations" -}}
checksum/config: {{ include (print .Template.BasePath "/config.yaml") . | sha256sum }}
checksum/secret: {{ include (print .Template.BasePath "/secret.yaml") . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Waits until this release's migrations are applied, so that no process meets a schema that it does not know. */}}
{{- define "engagehub.waitForMigrations" -}}
- name: wait-for-migrations
  image: {{ include "engagehub.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: ["python", "manage.py", "migrate_fleet", "--wait", {{ .Values.migrations.timeoutSeconds | quote }}]
  env: {{- include "engagehub.env" . | nindent 4 }}
  envFrom: {{- include "engagehub.envFrom" . | nindent 4 }}
  securityContext: {{- include "engagehub.containerSecurity" . | nindent 4 }}
  resources: {{- toYaml .Values.migrations.resources | nindent 4 }}
  volumeMounts: [{name: tmp, mountPath: /tmp}]
{{- end }}

{{/* Health of ingest, worker and bot, which serve it beside their metrics. */}}
{{- define "engagehub.probes" -}}
startupProbe: {httpGet: {path: /livez, port: metrics}, periodSeconds: 3, failureThreshold: 40}
livenessProbe: {httpGet: {path: /livez, port: metrics}, periodSeconds: 15, timeoutSeconds: 5, failureThreshold: 4}
readinessProbe: {httpGet: {path: /readyz, port: metrics}, periodSeconds: 10, timeoutSeconds: 5}
{{- end }}
