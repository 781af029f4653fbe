// The workbook: what runs, waits, fails and is behind, for whoever is called at night. Its pages are common/workbook.json.

param location string
param tags { *: string }
param displayName string
param workspaceId string

var pages = loadJsonContent('../../common/workbook.json')

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // A workbook's name is a GUID; people see displayName.
  name: guid(resourceGroup().id, 'lockstep')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: displayName
    category: 'workbook'
    // In lower case, as Azure keeps it: else every what-if shows a change.
    sourceId: toLower(workspaceId)
    // The file names no resource: its queries ask this deployment's workspace.
    serializedData: string(union(pages, { fallbackResourceIds: [workspaceId] }))
  }
}
